-- The one address that wrk was given, again and again.

dofile("benchmarks/load/report.lua")
