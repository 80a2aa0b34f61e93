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
not-measured = Nothing of this clause is measured in this version.
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
time-up = Time up
time-down = Time down
time-excluded = Time excluded
time-unknown = Time unknown
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
cause-late = { $cause } (recorded after it began, at { $at })
cause-suspended = the customer was suspended ({ $id })
cause-too-short = down for less than { $minimum }, which is no outage
cause-not-confirmed = failures that were not confirmed
cause-merged = between two outages that count as one
cause-slice = judged by its slice
cause-not-counted = no events were counted
cause-deemed-up = before the customer had the service, which counts as up
cause-policy = not observed, and counted as the policy says
cause-event = as the fact { $id } says
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
term-confirm = How many failures in a row make an outage, and from when?
term-outage = Which outages are long enough to count?
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
