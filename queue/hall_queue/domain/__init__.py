"""The rules of the queue: pure, synchronous, without framework, clock or event loop.

state.py     what a hall's queue is made of
commands.py  what may be asked of it
sessions.py  opening times, breaks and closing
order.py     who is called next, and why: the one place
tickets.py   deciding ticket commands
windows.py   deciding window commands
absence.py   deciding leave, return, cover and what is overdue
apply.py     folding events into the state
waiting.py   waiting times by simulating the queue forward
view.py      what screens and counters see
"""
