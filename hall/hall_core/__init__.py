"""The kernel of a hall: events, journal, writer, hub, clock, errors, access, devices, alerts.

It imports no feature. Features (queue, displays, evaluation, cameras) plug in through
`hall_core.features.Feature` and are listed by `hall_app`.
"""
