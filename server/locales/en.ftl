# The interface in English. `ja.ftl` has the same keys.

nav-agreement = Agreement
nav-status = Status
nav-checks = Checks
nav-label = Pages
nav-language = Language
skip = Skip to the content
foot-known = Figures hold for { $moment }
foot-ledger = Ledger: { $size } facts, root
foot-program = Uphold { $version }

made-up = Simulated: everything before { $time } was made up by Uphold’s simulator. Nothing of it was measured.
not-recorded = Observations cannot be recorded since { $time }. What follows is not current.
connection-lost = No connection since { $time }. Figures are as of { $known }.
connection-back = Connected again at { $time }. Figures are up to date.

date = { $day } { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
} { $year }
month = { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
} { $year }
quarter = Quarter { $quarter } of { $year }
month-1 = Jan
month-2 = Feb
month-3 = Mar
month-4 = Apr
month-5 = May
month-6 = Jun
month-7 = Jul
month-8 = Aug
month-9 = Sep
month-10 = Oct
month-11 = Nov
month-12 = Dec
short-date = { $day } { $month } { $year }
day-month = { $day } { $month }
moment = { $date }, { $clock } { $zone }
since = since { $moment }
valid-from = from { $from }
valid-between = from { $from } until { $until }
range = { $from } to { $until }
list-separator = {", "}
unit-day = d
unit-hour = h
unit-minute = min
unit-second = s

state-up = up
state-down = down
state-excluded = excluded
state-unknown = unknown
state-degraded = degraded
not-in-force = agreement not in force
up-for = Up for { $duration }
down-for = Down for { $duration }
excluded-for = Excluded for { $duration }
unknown-for = Not observed for { $duration }
never-observed = Not observed yet
for = for { $duration }

all-up = { $n ->
    [0] No interface is measured
    [1] The one interface is up
    [2] Both interfaces are up
    [3] All three interfaces are up
    [4] All four interfaces are up
   *[other] All { $n } interfaces are up
}
all-down = { $n ->
    [1] The one interface is down
    [2] Both interfaces are down
    [3] All three interfaces are down
    [4] All four interfaces are down
   *[other] All { $n } interfaces are down
}
all-unknown = { $n ->
    [1] The one interface is not observed
    [2] Neither interface is observed
   *[other] None of the { $n } interfaces is observed
}
one-down = { $name } has been down for { $duration }
one-unknown = { $name } has not been observed for { $duration }
some-down = { $n ->
    [one] { $n } of { $all } interfaces is down: { $names }
   *[other] { $n } of { $all } interfaces are down: { $names }
}
some-unknown = { $n ->
    [one] { $n } of { $all } interfaces is not observed: { $names }
   *[other] { $n } of { $all } interfaces are not observed: { $names }
}
some-excluded = { $n ->
    [one] { $n } of { $all } interfaces is excluded from the measurement now: { $names }
   *[other] { $n } of { $all } interfaces are excluded from the measurement now: { $names }
}

overview-label = Now
clauses-label = Clauses
clause-number = Clause { $id }
document-facts = About this document
provider = Provider
revision = Revision
judged-by-revision = Judged by revision { $revision }
in-force = In force
not-now = This revision is not in force now.
documents = Documents, the one that prevails first
english-governs = The English text governs.
japanese-governs = The Japanese text governs.
force-statement = statement
force-objective = objective
force-efforts = efforts
force-duty = duty
force-permission = permission
force-condition = condition
not-measured = Nothing in this clause is measured.
whole-service = The service as a whole
composed-all = Up when all interfaces are up
composed-any = Up when any interface is up
composed-when = { $n ->
    [one] Down when at least { $n } interface is down
   *[other] Down when at least { $n } interfaces are down
}
strip-hour = { $name }: the last 60 minutes, a bar a minute ({ $zone })
strip-days = { $name }: the last 90 days, a bar a day ({ $zone })
title-hour = Last 60 minutes, { $zone }
title-days = Last 90 days, { $zone }
bar = { $when }: { $spent }
legend = Key
legend-mark = there was downtime
so-far = { $period } so far
availability-so-far = Availability, { $period } so far
observed-so-far = Observed share, { $period } so far
judged-so-far = { $period } so far ({ $zone })
judged-for = { $period } ({ $zone })
time-up = Time up
time-down = Time down
time-excluded = Time excluded
time-unknown = Time unknown
time-observed = Time observed
time-not-observed = Time not observed
no-time-counted = No time has counted yet
percent = { $percent } %
percent-range = { $lower } % to { $upper } %
promised = Promised: { $percent } %
nothing-promised = No percentage is promised
figures-behind = Figures and tables
exact-lower = Lower bound, in milliseconds
exact-upper = Upper bound, in milliseconds
bounds-explained = The lower bound takes all unknown time as down, the upper bound as up. Percentages are rounded down.
state = State
length = Length
seconds = Seconds
when = When
spent = How it was spent
from = From
until = Until
cause = Cause
not-up = Times that were not up, the latest first
none-not-up = It was up all the time.
more-reasons = { $n ->
    [one] { $n } earlier time is in the statement.
   *[other] { $n } earlier times are in the statement.
}
cause-down = { $check } saw { $interface } down
cause-not-observed = { $check } did not observe { $interface }
cause-not-measured = no check measures { $interface }
cause-gap = the observer was not watching: { $why }
cause-erased = what was observed was erased on { $on }: { $why }
cause-late = { $cause } (recorded after it began, at { $at })
cause-suspended = the customer was suspended ({ $id })
cause-too-short = down for less than { $minimum }, which is no outage
cause-not-confirmed = failures that were not confirmed
cause-merged = between two outages that count as one
cause-slice = judged by its slice
cause-not-counted = no events were counted
cause-deemed-up = before the customer had the service, which counts as up
cause-policy = not observed, and counted as the policy says
event-limit = { $event } (limit { $limit })
event-fact = { $id }: { $event }
event-announced = announced { $took } ahead
event-announced-after = announced only { $took } after it began
event-announced-never = never announced
event-extended = extended, with notice { $took } before its end
event-extended-after = extended, with notice only { $took } after its end
event-extended-untold = extended without notice
event-extended-far = extended by { $took }
event-extended-open = extended without end
event-worked = took { $took }
event-working = goes on
event-exempt = took { $took }, which does not count toward the limit
event-exempt-open = goes on, and does not count toward the limit
event-noticed = told after { $took }
event-noticed-before = told { $took } before
event-noticed-never = never told
event-restored = restored after { $took }
event-not-restored = not restored yet
event-recovered = verified healthy after { $took }
event-not-recovered = not verified healthy
event-lost = data of { $took } lost
event-not-read = no data read back, so the loss is not known
event-happened = happened
event-not-since = not done for { $took }
event-never = never done
event-present-for = was there for { $took }
event-present = was there
event-absent-for = was not there for { $took }
event-absent = was not there
window-removed = { $class } { $id } is excluded
window-as-up = { $class } { $id } is excluded and counts as up
window-short = { $class } { $id } was announced { $given } ahead instead of { $needed }, so what was measured counts
window-unannounced = { $class } { $id } was not announced (needed: { $needed } ahead), so what was measured counts
window-overrun = { $class } { $id } went on beyond what was announced, so what was measured counts
window-cap = { $class } { $id } is beyond what the cap allows, so what was measured counts
window-none = { $class } { $id } excludes nothing
calendar-days = { $n ->
    [one] { $n } calendar day
   *[other] { $n } calendar days
}
verdict-met = Met
verdict-missed = Missed
verdict-indeterminate = Indeterminate
verdict-no-target = Measured; nothing was promised
verdict-no-occasion = No occasion: there was nothing to judge
verdict-not-covered = Not covered: no time counted
verdict-in-progress = In progress
evidence = Evidence
evidence-statement = statement (JSON)
evidence-checks = list of checks
terms-open = { $n ->
    [one] What the contract leaves open: { $n } choice of the operator
   *[other] What the contract leaves open: { $n } choices of the operator
}
term-question = Question
term-value = Answer
term-by = Stated by
by-contract = contract
by-operator = operator
term-zone = In whose calendar does a period begin and end?
term-period = How long is the period that is judged?
term-close-after = How long after the end of a period is its statement frozen?
term-decimals = How many decimals of a percentage are shown, rounded toward the worse?
term-unknown = What does time count as that nobody observed?
term-min-observed = Below which observed share is a verdict indeterminate?
term-degraded = What does a degraded answer count as?
term-service-time = In which hours is the service promised?
term-vantages = How do several vantage points make one check?
term-checks = How do several checks make one part?
term-instances = How do several instances make one feature?
term-features = How do several features make one interface?
term-interfaces = How do several interfaces make one solution?
term-zones = How do several zones make one region?
term-regions = How do several regions make one solution?
term-controls = How do several control checks make the one that an outage is compared with?
term-connections = How many connections of installed software may be missing, and whose fault counts?
term-confirm = How many failures in a row make an outage, and from when?
term-outage = Which outages are long enough to count?
term-days-are = Is a notice of so many days a number of hours, or of calendar days?
term-exclude = Does excluded time leave before or after outages are tested for their length?
term-exclusions = Which time leaves the figure?
term-caps = Up to how much time may classes be excluded?
term-partial = What counts of a period in which a customer had the service only in part?
term-suspended = What does the time of a customer's suspension count as?
term-customers = Whose events and users count together?
term-binding = Which bound of the availability must reach the target?
term-indicator = What is measured?
term-aggregate = How is a period's figure made?
term-slice = How is time cut for judging, and when is a slice bad?
term-remedy = What does a miss earn?
term-termination = After how many misses may the contract be ended?
term-claim = How is a credit asked for?
term-classes = Which classes of maintenance?
term-maintenance-notice = How long before must maintenance be announced, by which proof?
term-maintenance-extension = How may maintenance be extended?
term-maintenance-limit = How long may maintenance take in a period?
term-cap-scope = Does the limit hold for each subject or for all together?
term-cap-exempt = Which work does not count toward the limit?
term-noticed-within = How soon must the notice come?
term-noticed-from = From when is promptness measured?
term-restored-within = How soon must service be restored?
term-rto = Within which time is service back after a disaster?
term-rpo = Of how much time may data be lost?
term-exercises-count = Can an exercise meet the recovery target?
term-exercise-every = How often is recovery exercised?
term-review-every = How often is the recovery plan reviewed?
term-capacity-every = How often is capacity looked at?
term-about = What is the notice about?
term-to = Whom must the notice reach?
term-what = What must be published or logged?
term-takes-effect = When does a new revision begin to bind a customer?
term-mid-period = Which revision judges a period in which it changes?
term-covered-when = What must a customer have to be covered?

status-of = Status of the services of { $provider }
overall-up = All services are up
overall-down = Part of the service is down
overall-excluded = Part of the service is outside the measurement now
overall-unknown = Part of the service is not observed now

checks-intro = What is measured, from where, and what each check saw last.
checks-open = This version has no accounts. It listens on the loopback address by default; put it behind a proxy that asks who is there before you open it to a network.
checks-none = No check is registered. Add one to the configuration file, and it appears here with its first result.
check = Check
measures = Measures
last-observation = Last observation
detail = Detail
every = Every
vantage = Vantage point

not-found = There is no such page
not-found-advice = The address may be mistyped, or the page may have moved. The agreement is the place to start.
wrong-method = This page can only be read
wrong-method-advice = Open it with GET; nothing can be changed here in this version.
to-agreement = To the agreement

statement-title = Service level statement
statement-customer = Customer
statement-customer-nobody = all customers alike: the service as such
statement-customer-several = { $n } customers, each judged alone
statement-period = Period
statement-span-label = From and until
statement-span = { $from } to { $until }
statement-at = { $date }, { $clock }
statement-second = { $clock } ({ $utc } UTC)
statement-open-end = open
statement-known = As known at
statement-revision = Agreement and revision
statement-in-revision = revision { $revision }
statement-skipped = { $n ->
    [one] { $n } line of the history could not be read and was left out. What it says is in no figure of this statement.
   *[other] { $n } lines of the history could not be read and were left out. What they say is in no figure of this statement.
}
statement-no-rows = Nothing of this agreement is judged in this period.
statement-not-ended = The period had not ended when this statement was made. Its figures can still change.
statement-overview = Overview
statement-clause = Clause
statement-commitment = Commitment
statement-verdict = Verdict
statement-figure = Figure
statement-promised = Promised
statement-owed = Credit
statement-bounds-explained = Where two figures stand, the lower one takes all time that was not observed as down, the upper one as up. Percentages are rounded down; comparisons use exact fractions.
statement-outside = not counted
statement-verdict-met = Met
statement-verdict-missed = Missed
statement-verdict-indeterminate = Indeterminate
statement-verdict-no-target = No target
statement-verdict-no-occasion = No occasion
statement-verdict-not-covered = Not covered
statement-verdict-in-progress = In progress
statement-verdict-leads = { $verdict }.
statement-says-progress = The period has not ended; the figures hold up to { $moment }.
statement-says-no-occasion = Nothing happened in this period that could be judged.
statement-says-not-covered = No time of this period counts.
statement-says-measured = { $figure } % was measured; no percentage is promised.
statement-says-measured-range = Between { $lower } % and { $upper } % was measured; no percentage is promised.
statement-says-met = { $figure } % reaches the promised { $target } %.
statement-says-met-lower = Even if all time that was not observed was down, { $figure } % reaches the promised { $target } %.
statement-says-met-upper = With all time that was not observed taken as up, { $figure } % reaches the promised { $target } %.
statement-says-missed = { $figure } % is below the promised { $target } %.
statement-says-missed-lower = With all time that was not observed taken as down, { $figure } % is below the promised { $target } %.
statement-says-missed-upper = Even if all time that was not observed was up, { $figure } % is below the promised { $target } %.
statement-says-between = The promised { $target } % lies between { $lower } % and { $upper } %: the time that was not observed decides.
statement-says-too-little = { $observed } % of the time was observed; a verdict needs at least { $least } %.
statement-says-observed = { $observed } % of the time was observed; no share is promised.
statement-says-observed-met = { $observed } % of the time was observed, which reaches the promised { $target } %.
statement-says-observed-missed = { $observed } % of the time was observed, which is below the promised { $target } %.
statement-says-events-missed = { $n ->
    [one] The one event missed its promise.
   *[other] { $some } of { $n } events missed their promise.
}
statement-says-events-failed = The promise was not kept.
statement-says-events-undecided = { $n ->
    [one] Of the one event nobody can say yet whether it kept its promise.
   *[other] Of { $some } of { $n } events nobody can say whether they kept their promise.
}
statement-says-events-measured = Measured and reported; no limit is promised.
statement-says-events-kept = { $n ->
    [one] The one event kept its promise.
   *[other] { $some } of { $n } events kept their promise, and none missed it.
}
statement-says-events-held = The promise was kept.
statement-kept-of = { $kept } of { $n } kept
statement-availability = Availability
statement-exact = Exact fraction
statement-lower = Lower bound
statement-exact-lower = Lower, exact
statement-upper = Upper bound
statement-exact-upper = Upper, exact
statement-binding = Bound compared
statement-binding-lower = the lower
statement-binding-upper = the upper
statement-binding-both = both
statement-observed = Observed share
statement-clock = h:m:s
statement-time-observed = observed
statement-time-unobserved = not observed
statement-time-covered = counted in all
statement-made-duration = Time up as a share of the time that counts, to the millisecond.
statement-made-good-slices = Good slices of time as a share of all slices.
statement-made-slice-mean = The mean of the shares of all slices of time.
statement-made-events = Good events as a share of all valid events; the table of time is for information.
statement-made-users = One minus the time that users were affected, as a share of all users' time; the table of time is for information.
statement-strip = { $name }, { $period }: how time was spent ({ $zone })
statement-goals = All of these must be reached
statement-goal = Goal
statement-events = Events that were judged (times in { $zone })
statement-outcome = Outcome
statement-shown = What it shows
statement-kept = kept
statement-missed = missed
statement-undecided = undecided
statement-measured = measured
statement-stretches = Every stretch that was not simply up (times in { $zone })
statement-exclusions = Windows of maintenance and exclusion, and what each did (times in { $zone })
statement-effect = Effect
statement-touched = Stretches that it touched
statement-excluded = excluded
statement-as-up = counted as up
statement-not-excluded = not excluded
statement-late = Recorded after it began: { $moment }
statement-credit = Service credit, step by step
statement-step = Step
statement-rule = Rule
statement-result = Result
statement-none = none
statement-credit-tier = Tier { $number }
statement-credit-base = Fee that it is a share of
statement-credit-before = Amount before cap and rounding
statement-credit-cap = Cap of one credit
statement-credit-rounding = Rounding, once
statement-credit-range = What the bounds would earn
statement-credit-range-rule = at the upper and at the lower bound of the availability
statement-credit-range-ends = { $least } to { $most }
statement-credit-owed = Credit owed: { $amount }
statement-credit-unknown = The amount cannot be worked out.
statement-tier-availability = availability { $ends }
statement-tier-downtime = time down { $ends }
statement-tier-from = at least { $value }
statement-tier-above = more than { $value }
statement-tier-up-to = at most { $value }
statement-tier-below = less than { $value }
statement-unit-share = { $percent } % of the fee
statement-unit-days = { $n ->
    [one] the fee of { $n } day of the period
   *[other] the fee of { $n } days of the period
}
statement-unit-times = { $times } times the fee for the time that was lost
statement-unit-started = { $percent } % of the fee for every { $step } of time down that began
statement-base-starting = fees of spans that begin in the period
statement-base-pro-rata = the part of each fee that falls on the period
statement-cap-amount = a fixed amount
statement-round-down = down to a multiple of { $unit }
statement-round-up = up to a multiple of { $unit }
statement-round-half-up = to the nearest multiple of { $unit }, halves up
statement-round-half-even = to the nearest multiple of { $unit }, halves to the even one
statement-note-capped = The cap of one credit was reached.
statement-note-below-payout = It is less than the least amount that is paid, so nothing is owed.
statement-note-total-capped = The cap of all credits of the term or the year was reached.
statement-note-not-stacked = A larger credit of the same group is paid instead.
statement-note-no-fee = No fee is recorded for this customer and period.
statement-note-mixed = Fees in several currencies are recorded, which cannot be added.
statement-note-not-missed = The promise was not missed, so nothing is owed.
statement-claim = Claim
statement-claim-automatic = not needed: the credit is given without a claim
statement-claim-open = can still be filed
statement-claim-filed = filed in time, not decided yet
statement-claim-incomplete = filed in time, evidence is missing
statement-claim-late = filed too late
statement-claim-accepted = accepted
statement-claim-refused = refused
statement-claim-lapsed = not filed in time
statement-claim-fact = Recorded as
statement-claim-deadline = Last moment to file it
statement-claim-missing = Still to be handed in
statement-termination = Right to end the contract
statement-right = The customer has had the right to end the contract since { $arises }; it does not lapse.
statement-right-until = The customer has the right to end the contract from { $arises } until { $lapses }.
statement-measured-absent = Time absent
statement-measured-count = Times that it happened
statement-measured-disasters = Disasters
statement-measured-events = Events
statement-measured-exercises = Exercises
statement-measured-extensions = Extensions
statement-measured-incidents = Interruptions
statement-measured-last = Last time
statement-measured-left = Left
statement-measured-limit = Limit
statement-measured-longest = Longest
statement-measured-longest-exercise = Longest in an exercise
statement-measured-longest-extension = Longest extension
statement-measured-longest-gap = Longest time between two
statement-measured-not-restored = Not restored yet
statement-measured-planned = Planned
statement-measured-present = Time present
statement-measured-shortest-notice = Shortest notice
statement-measured-slowest-notice = Slowest notice
statement-measured-suspensions = Suspensions
statement-measured-unannounced = Never announced
statement-measured-untold = Never told
statement-measured-used = Used
statement-measured-windows = Windows
statement-length = { $clock } ({ $seconds } s)
statement-choices = What the contract leaves open
statement-choices-explained = The contract does not answer these questions. The provider's stated policy does.
statement-holds-for = Holds for
statement-every-commitment = every commitment
statement-whole-agreement = the agreement as a whole
statement-origin = How this statement was made
statement-zones = Time zones of the periods
statement-tzdb = Version of the tz database
statement-digest = Digest of the inputs (SHA-256)
statement-lines = Lines of the inputs
statement-lines-skipped = Lines that were left out
statement-program = Program
statement-recompute = Whoever has the agreement and the history can compute this statement again. The digest shows whether the history is the same.

# What a check saw, and why
seen-status = HTTP { $status }
seen-connected = connected
seen-replied = answered
seen-certificate-good = the certificate is valid for { $days } more days
seen-records = records found: { $count }
seen-serving = SERVING
seen-slow = answered after { $took }, over { $limit }
seen-timeout-resolve = timed out after { $after } while resolving the name
seen-timeout-connect = timed out after { $after } while connecting
seen-timeout-tls = timed out after { $after } while in the TLS handshake
seen-timeout-first-byte = timed out after { $after } while waiting for the answer
seen-timeout-body = timed out after { $after } while reading the body
seen-reported = reported
seen-overdue = no report within { $limit }
seen-not-reported = nothing was reported yet, and the first report is not due
seen-reports-missed = a report may have been missed while uphold was not running
seen-not-permitted = refused to connect to `{ $host }`: { $address } is { $used } and not in `egress.allow`
seen-metadata = refused to connect to `{ $host }`: { $address } is a cloud metadata address, which is never permitted
seen-no-such-name = could not resolve `{ $host }`: there is no such name
seen-no-address = could not resolve `{ $host }`: it has no address
seen-not-resolved = could not resolve `{ $host }`: { $why }
seen-refused = connection refused
seen-reset = connection reset
seen-aborted = connection aborted
seen-no-route = no route to the host
seen-gave-up = the network gave up connecting
seen-closed-early = the connection closed before the answer was complete
seen-failed = the connection failed: { $said }
seen-machine = this machine could not measure: { $said }
seen-stalled = this process was not running meanwhile
seen-defect = the probe ended in a defect of uphold
seen-certificate-expired = the certificate has expired
seen-certificate-early = the certificate is not valid yet
seen-certificate-other-name = the certificate is for another name
seen-certificate-untrusted = the certificate is not signed by a trusted authority
seen-certificate-revoked = the certificate is revoked
seen-certificate-bad = the certificate is not valid: { $said }
seen-tls-closed = the connection closed inside the TLS handshake
seen-tls-failed = TLS failed: { $said }
seen-certificate-ends = the certificate is valid for { $days } more days, fewer than { $least }
seen-no-certificate = there is no certificate that can be read
seen-certificate-lacks = the certificate is not valid for `{ $name }`
seen-protocol-old = { $found } was agreed on, which is older than permitted
seen-not-http = the answer is not HTTP as it should be: { $said }
seen-redirects = more than { $most } redirects
seen-redirect-unreadable = redirected to what is no URL
seen-redirect-forbidden = redirected to a URL that may not be probed
seen-header-missing = the header `{ $name }` is missing
seen-header-present = the header `{ $name }` is there and should not be
seen-header-differs = the header `{ $name }` is not as expected
seen-header-lacks = the header `{ $name }` does not contain the expected text
seen-header-unmatched = the header `{ $name }` does not match the pattern
seen-reply-lacks = the reply does not contain the expected text
seen-body-lacks = HTTP { $status }, but the body does not contain the expected text
seen-body-part-lacks = HTTP { $status }, but the first part of the body does not contain the expected text
seen-body-has = HTTP { $status }, but the body contains a text that it must not
seen-body-unmatched = HTTP { $status }, but the body does not match the pattern
seen-body-part-unmatched = HTTP { $status }, but the first part of the body does not match the pattern
seen-body-encoded = the body is compressed ({ $said }), which was not asked for
seen-not-json = the body is not JSON
seen-json-cut = the body is longer than what is read, so it cannot be read as JSON
seen-json-missing = `{ $path }` selects nothing in the body
seen-json-present = `{ $path }` selects a value in the body and should not
seen-json-differs = the value at `{ $path }` is not as expected
seen-json-bounds = the value at `{ $path }` is not within its bounds
seen-dns-failed = the name server answered: { $said }
seen-no-record = the name has no { $kind } record
seen-records-differ = the records are not those expected: { $found }
seen-server-differs = the name server `{ $server }` answers differently: { $found }
seen-server-silent = the name server `{ $server }` does not answer
seen-no-server = no name server of `{ $name }` was found
seen-ping-not-allowed = this machine does not permit pings (net.ipv4.ping_group_range)
seen-not-grpc = the answer is not gRPC as it should be: { $said }
seen-not-serving = { $word }
seen-grpc-status = gRPC status { $code }
seen-shown = the page shows what it must
seen-not-shown = the page did not show `{ $what }`
seen-text-not-shown = the page did not show the text `{ $text }`
seen-not-signed-in = the sign-in was not accepted: the page still asks for the password
seen-page-failed = the page could not be opened or used: { $said }
seen-page-large = the page moved more than { $most } MiB and was cut off
seen-selector-bad = `{ $selector }` is no CSS selector
seen-sign-in-elsewhere = nothing was typed: the page to sign in is at `{ $origin }`, which the check does not name
seen-no-password-field = nothing was typed: `{ $selector }` is no field that hides a password
seen-browser-busy = no browser was free in time; { $all } may run at once
seen-browser = the browser failed: { $said }

# Alerts: messages to those who operate the service.
alert-down = { $name } is down
alert-unknown = { $name } is not observed
alert-burning = { $name }: the allowed down time is used up too fast
alert-not-recorded = Observations cannot be recorded
alert-clock = The clock of the monitor is not synchronised
alert-still = Still: { $title }
alert-over-down = { $name } is up again
alert-over-excluded = { $name } no longer counts as down: the time is excluded
alert-over-unknown = { $name } is observed again
alert-over-burning = { $name }: the allowed down time is no longer used up too fast
alert-over-not-recorded = Observations are recorded again
alert-over-clock = The clock of the monitor is synchronised again
alert-over-gone = No longer judged: { $title }
alert-part-of = { $part } of { $solution }
alert-since = Since { $moment } ({ $duration })
alert-lasted = From { $from } until { $until }: { $duration }
alert-clause = Clause { $id }, { $name }
alert-separator = {"; "}
alert-so-far = { $period } so far: { $figure }
alert-unknown-means = Whether it works is not known. This time counts neither as up nor as down: the monitor itself may be blind.
alert-spent = Down so far: { $spent } of { $allowed } that the target allows in the whole period
alert-burning-means = At this rate the period's allowance ends before the period does.
alert-not-recorded-means = What is observed is kept in memory and lost when the monitor ends. Look at the disk of its data folder first.
alert-clock-means = All times in the ledger are by this clock.
alert-test = Test message of Uphold
alert-test-text = The channel { $channel } works. Nothing is wrong.

history-title = History of the agreement
history-intro = Every revision of this agreement, the newest first. Each judges the time for which it is in force.
history-revision = Revision { $revision }
history-in-force = In force now
history-not-yet = Not in force yet
history-no-longer = No longer in force
history-digest = SHA-256 of its text
history-ledger = In the ledger
history-recorded = { $moment }, fact { $fact }
history-as-read = The whole revision, for programs
history-changes = What it changed of revision { $revision }
history-summary = { $n ->
    [0] Both say the same.
    [one] { $n } difference; by its own term alone { $better } better for the customer, { $worse } worse.
   *[other] { $n } differences; by its own term alone { $better } better for the customer, { $worse } worse.
}
history-better = better for the customer:
history-worse = worse for the customer:
history-changed = changed:
history-added = added:
history-removed = removed:
history-by-document = by document { $id }
history-stated = { $value } ({ $by })
history-of-agreement = The agreement as a whole
history-of-document = Document
history-of-definition = Definition
history-of-calendar = Calendar
history-of-solution = Service
history-of-commitment = Commitment
history-of-every-commitment = Every commitment that both have
