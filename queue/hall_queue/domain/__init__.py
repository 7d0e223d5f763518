"""The rules of the queue: pure, synchronous, without framework, clock or event loop.

What there is:
    state.py          what a hall's queue is made of
    commands.py       what may be asked of it
    numbers.py        numbers as they are printed: H001
    invariants.py     what is true of the state at every moment

Deciding (state, command, context -> events):
    table.py          what a window may do in which state, as data
    tickets.py        tickets at the kiosk, the guide desk and the phone; midnight
    windows.py        who is at a window: open, close, sign in, hand over
    calling.py        what a window does with its people: call, serve, hold, pass on, undo
    absence.py        leave, return, cover and what is overdue
    supervision.py    windows that seem left, or were not opened in time
    setup_rules.py    the manager's edits of the hall
    lookup.py         finding what a command names

Order, time and waiting:
    order.py          who is called next, and why: the one place
    sessions.py       opening times, breaks and closing
    timeline.py       open time ahead
    durations.py      how long a service takes, measured
    simulation.py     looking ahead: the windows at work take one ticket after the other
    waiting.py        waiting times as ranges

Applying and showing:
    apply.py          folding events into the state (with apply_tickets.py and the like)
    view.py           what screens and counters see
    touched.py        which parts an event changed
    window_day.py     a window's day, stretch by stretch

    testing.py        a hall played in memory, for tests
"""
