# The decision entrypoint of the duty library: what it says, as members of `package policy`. A team's own
# `package policy` adds to these sets; it can tighten with `deny`, `approve` and `mask`, and widen with `allow`.
# (No metadata block here: OPA allows one annotation for a package, and that is the team's.)
package policy

import data.sod.approval
import data.sod.coverage
import data.sod.masking
import data.sod.requester
import data.sod.separation
import rego.v1

deny contains member if some member in separation.deny

deny contains member if some member in requester.deny

deny contains member if some member in masking.deny

# An approval can't stand in for a duty: only what is allowed otherwise is worth asking for.
approve contains member if {
	count(allow) > 0
	some member in approval.approve
}

mask contains member if some member in masking.mask

allow contains member if some member in coverage.allow

hint contains member if some member in coverage.hint
