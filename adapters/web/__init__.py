"""What listens: HTTP paths and sockets. An `Office` answers what is asked and does what is wanted.

`office` is the protocol that `sync` implements; `pages` lists the paths; `guard` holds for all of them; `metrics`
formats the numbers; `listener` has the socket and the thread. `patients` is the protocol of the patients' pages,
`patient_pages` their paths; `sessions`, `forms`, `limits` and `views` are what these are made of.
"""
