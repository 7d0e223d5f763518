"""Benchmarks, each against its floor in the same run: machines are noisy, ratios are not.

run.py      which there are, and how they are reported
load.py     a small client over raw sockets, so that the load generator is not what is measured
servers.py  starting the product, and the floors, as processes of their own
floor.py    what the same bytes cost without the product: the floors
issue.py    tickets a second, 64 clients, durable
call.py     call pressed -> frame at a screen
fanout.py   one event to 1,000 screens; memory of an idle one
busy.py     30 counters call back to back while 30 kiosks issue
cameras.py  watching cameras against reading them, their pictures in Chromium, calls beside them;
            streams.py has the cameras, browser.py the page
quality.py  ("pictures") precision and recall of every condition that is seen in pictures
start.py    ready after start with 1,000,000 historical tickets
"""
