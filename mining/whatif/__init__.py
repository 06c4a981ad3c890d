"""What if: today's regime, calibrated from the log, run again with one thing changed (method note 9).

scenarios    the files of process/scenarios, strictly read
reading      calls of the log, with who answers when (SQL)
calibration  the regime of today and the customers' behaviour, from those calls
draws        random numbers keyed by replication, need, contact and purpose: common to all scenarios
engine, team stations, patience, own account executives, on SimPy's clock
measures     what a run says in customers' minutes per original need
gate         whether the model can tell the weeks that it has not seen
comparing    today against the scenario: neutral, middle, range, break-even
verdict      what may be said of it
"""
