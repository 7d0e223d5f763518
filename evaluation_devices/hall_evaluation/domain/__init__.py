"""The rules of ratings and cases: pure, synchronous, without framework, clock or event loop.

What there is:
    state.py          what a hall's evaluation is made of
    commands.py       what may be asked of it
    apply.py          folding events into the state

Deciding (state, command, context -> events):
    ratings.py        questions on pads, and the one rating of a service
    cases.py          opening a case of the closed loop
    case_steps.py     its steps
    case_table.py     what may be done about a case in which state, as data
    reminders.py      what is due: questions that end, deadlines that pass
    settings.py       the manager's rules
    deadlines.py      ends of working days

Showing:
    view.py           what pads, phones and the people who handle cases see
"""
