# SPDX-License-Identifier: LGPL-2.1-or-later
#
# awk -f tap.awk DIR/*.tap: one line a test: "pass|fail|skip SUITE NAME [# REASON]", SUITE being the file's name.
#
# In guests, "# exit STATUS" is appended to a program's TAP; -v exits=1 requires it. A result that is missing counts as a failure: fewer results than
# planned, none at all, or a bad exit status without a failed test. The kernel's harness prints skipped tests without their
# names, which stand in the "#  RUN" line before.

function result(status, name, reason)
{
	print status, suite, name (reason == "" ? "" : " # " reason)
	seen++
	if (status == "fail")
		failed++
}

function finish()
{
	if (suite == "")
		return
	if (planned >= 0 && seen < planned)
		result("fail", "(whole program)", seen " of " planned " results")
	else if (seen == 0)
		result("fail", "(whole program)", "no result")
	if (exited == "" && exits)
		result("fail", "(whole program)", "did not end")
	else if (exited != "" && exited != 0 && exited != 4 && !failed)
		result("fail", "(whole program)", "exit status " exited)
}

FNR == 1 {
	finish()
	suite = FILENAME
	sub(/.*\//, "", suite)
	sub(/\.tap$/, "", suite)
	planned = -1
	seen = failed = 0
	exited = run = ""
}

{ sub(/\r$/, "") }

/^1\.\.0 # SKIP/ { sub(/^1\.\.0 # SKIP */, ""); result("skip", "(whole program)", $0); planned = 0; next }
/^1\.\.[0-9]+/ { planned = substr($1, 4) + 0 }
/^# exit / { exited = $3 }
/^# +RUN / { run = $3 }

/^(not )?ok [0-9]+/ {
	status = $1 == "ok" ? "pass" : "fail"
	sub(/^(not )?ok [0-9]+ *(- )?/, "")
	name = $0
	reason = ""
	if (match(name, / ?# SKIP */)) {
		status = "skip"
		reason = substr(name, RSTART + RLENGTH)
		name = substr(name, 1, RSTART - 1)
	}
	result(status, name == "" ? run : name, reason)
}

END { finish() }
