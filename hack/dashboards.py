"""What the dashboards show: one table, from which hack/gen-dashboards makes those of Grafana and of SigNoz.

Expressions are PromQL in which `{@}` stands for the process that was chosen, `{@wal}` for the RedisWal that was
chosen, and `[@]` for the window of a rate. Labels have the names that Prometheus gives them.
"""

from typing import NamedTuple, Optional


class Panel(NamedTuple):
    title: str
    unit: str  # as Grafana names it; gen-dashboards has SigNoz's names
    page: str  # of docs, that says what to do
    help: str
    queries: tuple  # of (expression, legend)
    above: Optional[float] = None  # what is more is bad
    below: Optional[float] = None  # what is less is bad
    signed: bool = False  # may be negative


class Row(NamedTuple):
    title: str
    numbers: bool  # one value a panel, or its course
    panels: tuple


class Dashboard(NamedTuple):
    name: str
    title: str
    help: str
    by_wal: bool  # its metrics carry namespace and name of a RedisWal
    rows: tuple


# --- redis-applier ------------------------------------------------------------------------------

HELD = "redwal_applier_held{@} or redwal_applier_partition_held{@}"
MARK_AGE = "time() - (redwal_applier_mark_timestamp_seconds{@} > 0)"
OF_APPLIERS = "and on (job, instance) redwal_applier_ready{@}"

APPLIER_NOW = Row("Is it well?", True, (
    Panel("Behind the log", "s", "operations.md#watch",
          "Age of the oldest record that is not applied yet, of the partition that is furthest behind.",
          (("max(redwal_applier_lag_seconds{@})", ""),), above=30),
    Panel("Age of what readers see", "s", "kubernetes.md#marks",
          "Since the oldest of the last marks that were passed was written. Empty where nobody writes marks.",
          ((f"max({MARK_AGE})", ""),), above=60),
    Panel("Holds", "short", "holds.md",
          "Reasons for which a partition or everything waits until somebody acts.",
          ((f"sum({HELD})", ""),), above=0),
    Panel("Not ready", "short", "operations.md#watch",
          "Appliers whose /readyz is not 200; /readyz?verbose says why.",
          (("sum(1 - redwal_applier_ready{@})", ""),), above=0),
    Panel("Redis takes no writes", "short", "failure-model.md#redis",
          "Appliers whose primary is out of memory, failed to save or has too few replicas. Nothing is lost.",
          (("sum(redwal_applier_redis_pressed{@})", ""),), above=0),
    Panel("Rejected in an hour", "short", "dead-letters.md",
          "Records that went to the dead-letter topic.",
          (("round(sum(increase(redwal_applier_rejected_total{@}[1h])))", ""),), above=0),
    Panel("Waiting for schemas", "short", "operations.md#schema-registry",
          "Partitions whose next record waits for the schema registry.",
          (("sum(redwal_applier_partitions_waiting_for_schema{@})", ""),), above=0),
    Panel("Partitions assigned", "short", "operations.md#kafka",
          "Partitions that some applier has. Fewer than the topic has: those of the rest stand still.",
          (("sum(redwal_applier_partitions_assigned{@})", ""),), below=1),
))

APPLIER_FRESH = Row("Is it fresh?", False, (
    Panel("Behind the log, by time", "s", "operations.md#watch",
          "Age of the oldest record that is not applied yet; 0 when all are.",
          (("max by (job, partition) (redwal_applier_lag_seconds{@})", "{{job}} {{partition}}"),), above=30),
    Panel("Behind the log, by records", "short", "operations.md#watch",
          "Records of the log that are not applied yet.",
          (("max by (job, partition) (redwal_applier_lag_records{@})", "{{job}} {{partition}}"),)),
    Panel("Age of the last mark", "s", "kubernetes.md#marks",
          "Since the last mark that was passed was written: how old what readers see may be, mirrors included.",
          ((f"max by (job, partition) ({MARK_AGE})", "{{job}} {{partition}}"),), above=60),
    Panel("Stretches that a mirror changed", "short", "record-format.md",
          "Between two marks other records were read here than where the log is written. "
          "Compare the sites with kubectl-redwal verify.",
          (("max by (job, partition) (redwal_applier_mark_differences{@})", "{{job}} {{partition}}"),), above=0),
))

APPLIER_REFUSED = Row("Is it held, does it reject?", False, (
    Panel("Reasons of holds", "short", "holds.md",
          "1 while a partition or everything waits for that reason, until somebody acts.",
          ((f"max by (job, reason) ({HELD}) > 0", "{{job}} {{reason}}"),)),
    Panel("Rejected records", "ops", "dead-letters.md",
          "Records that are refused, by reason, while any are. They are in the dead-letter topic.",
          (("sum by (reason) (rate(redwal_applier_rejected_total{@}[@])) > 0", "{{reason}}"),)),
    Panel("Dead letters", "ops", "dead-letters.md",
          "What the dead-letter topic took, and attempts that failed: their partitions wait meanwhile.",
          (("sum(rate(redwal_applier_dead_letters_stored_total{@}[@]))", "stored"),
           ("sum(rate(redwal_applier_dead_letters_failed_total{@}[@]))", "failed"))),
    Panel("Quarantined keys", "short", "operations.md#quarantined-keys",
          "Keys whose later records wait because one was rejected. A partition with --quarantine-max-keys is held.",
          (("max by (job, partition) (redwal_applier_quarantined_keys{@})", "{{job}} {{partition}}"),)),
))

APPLIER_REDIS = Row("What does Redis say?", False, (
    Panel("Connected, and pressed", "short", "failure-model.md#redis",
          "1 while connected to a primary that was accepted; 1 while that takes no writes.",
          (("redwal_applier_redis_connected{@}", "{{instance}} connected"),
           ("redwal_applier_redis_pressed{@}", "{{instance}} pressed"))),
    Panel("Errors of Redis", "ops", "failure-model.md#redis",
          "What Redis answered, by what it means.",
          (("sum by (class) (rate(redwal_applier_redis_errors_total{@}[@]))", "{{class}}"),)),
    Panel("Connections", "ops", "failure-model.md#redis",
          "Connections to a primary: accepted, lost or given up, and attempts that failed.",
          (("sum(rate(redwal_applier_redis_connects_total{@}[@]))", "accepted"),
           ("sum(rate(redwal_applier_redis_disconnects_total{@}[@]))", "lost"),
           ("sum(rate(redwal_applier_redis_connect_failures_total{@}[@]))", "failed"))),
    Panel("Failovers that lost writes", "short", "guarantees.md#what-is-promised",
          "In ten minutes: primaries that were behind what an earlier one had answered for, records applied again, "
          "and transactions refused because another writer had moved the position.",
          (("sum by (job) (increase(redwal_applier_rewinds_total{@}[10m]))", "{{job}} rewinds"),
           ("sum by (job) (increase(redwal_applier_reapplied_records_total{@}[10m]))", "{{job}} applied again"),
           ("sum by (job) (increase(redwal_applier_refused_transactions_total{@}[10m]))", "{{job}} refused"))),
    Panel("Clock of Redis minus ours", "s", "operations.md#redis",
          "Deadlines are corrected by it; more than a second should be repaired.",
          (("redwal_applier_redis_clock_skew_seconds{@}", "{{instance}}"),), signed=True),
    Panel("Deadlines by the time of the log", "short", "operations.md#when-it-is-held",
          "1 while a partition is replayed and its keys expire by the time of the log.",
          (("max by (job, partition) (redwal_applier_partition_log_time{@})", "{{job}} {{partition}}"),)),
))

APPLIER_RATES = Row("How much, and how fast?", False, (
    Panel("Records", "ops", "metrics.md",
          "Records that were moved past, and those of them that changed nothing: known ids, and retries of what "
          "is not held back any more.",
          (("sum by (job) (rate(redwal_applier_records_total{@}[@]))", "{{job}} moved past"),
           ("sum by (job) (rate(redwal_applier_duplicates_total{@}[@]))", "{{job}} known ids"),
           ("sum by (job) (rate(redwal_applier_retries_skipped_total{@}[@]))", "{{job}} retries skipped"))),
    Panel("Records by what they ask for", "ops", "record-format.md",
          "Records that took effect.",
          (("sum by (kind) (rate(redwal_applier_applied_envelopes_total{@}[@]))", "{{kind}}"),)),
    Panel("Commands and transactions", "ops", "operations.md#how-fast-is-it",
          "What Redis executed, and what --rate-limit allows (0: no limit).",
          (("sum by (job) (rate(redwal_applier_operations_total{@}[@]))", "{{job}} commands"),
           ("sum by (job) (rate(redwal_applier_batches_total{@}[@]))", "{{job}} transactions"),
           ("max by (job) (redwal_applier_rate_limit_operations{@})", "{{job}} limit of each"))),
    Panel("Bytes", "Bps", "operations.md#how-fast-is-it",
          "Bytes of the commands that Redis executed.",
          (("sum by (job) (rate(redwal_applier_bytes_total{@}[@]))", "{{job}}"),)),
    Panel("Latency", "s", "operations.md#how-fast-is-it",
          "From the record's timestamp to its answer from Redis. OpenMetrics names slow records as exemplars.",
          tuple((f"histogram_quantile({q}, sum by (le) "
                 "(rate(redwal_applier_apply_latency_seconds_bucket{@}[@])))", f"p{q * 100:g}")
                for q in (0.5, 0.95, 0.99))),
    Panel("Latency of each applier, p99", "s", "operations.md#how-fast-is-it",
          "From the record's timestamp to its answer from Redis.",
          (("histogram_quantile(0.99, sum by (instance, le) "
            "(rate(redwal_applier_apply_latency_seconds_bucket{@}[@])))", "{{instance}}"),)),
))

APPLIER_BOUNDS = Row("Is it within its bounds?", False, (
    Panel("Records in flight", "short", "redis-applier.md#memory-bounds",
          "Waiting for Redis or for its answer; --pending-max-records at most.",
          (("redwal_applier_pending_records{@}", "{{instance}}"),)),
    Panel("Remembered ids", "short", "operations.md#bounds",
          "Ids that would be recognised, --idempotency-max-ids at most, and those forgotten before their window ended.",
          (("redwal_applier_remembered_ids{@}", "{{instance}}"),
           ("increase(redwal_applier_ids_given_up_total{@}[10m])", "{{instance}} given up in 10 minutes"))),
    Panel("Memory", "bytes", "operations.md#bounds",
          "Resident memory of each applier.",
          ((f"process_resident_memory_bytes{{@}} {OF_APPLIERS}", "{{instance}}"),)),
    Panel("Processor time", "percentunit", "operations.md#how-fast-is-it",
          "Of one processor; an applier works in one thread.",
          ((f"rate(process_cpu_seconds_total{{@}}[@]) {OF_APPLIERS}", "{{instance}}"),)),
    Panel("File descriptors", "percentunit", "metrics.md",
          "Those that are open, of those that may be.",
          ((f"process_open_fds{{@}} / process_max_fds{{@}} {OF_APPLIERS}", "{{instance}}"),), above=0.8),
    Panel("Schemas", "short", "operations.md#schema-registry",
          "Schemas that are kept; questions to the registry a second, and those that were not answered.",
          (("redwal_applier_schemas{@}", "{{instance}} kept"),
           ("rate(redwal_applier_schema_requests_total{@}[@])", "{{instance}} asked a second"),
           ("rate(redwal_applier_schema_request_failures_total{@}[@])", "{{instance}} failed a second"))),
))

APPLIER_GROUP = Row("Who does it?", False, (
    Panel("Partitions of each applier", "short", "operations.md#kafka",
          "How the consumer group shares the topic.",
          (("redwal_applier_partitions_assigned{@}", "{{instance}}"),)),
    Panel("Rebalances", "short", "operations.md#kafka",
          "In ten minutes, as each applier saw them end.",
          (("increase(redwal_applier_rebalances_total{@}[10m])", "{{instance}}"),)),
    Panel("Changed options and files", "short", "operations.md#change-while-it-runs",
          "Taken over in ten minutes, not usable in ten minutes, and 1 while what was changed cannot be used.",
          (("increase(redwal_applier_reloads_total{@}[10m])", "{{instance}} taken over"),
           ("increase(redwal_applier_reload_failures_total{@}[10m])", "{{instance}} not usable"),
           ("redwal_applier_reload_failed{@}", "{{instance}} waits for a repair"))),
    Panel("Versions", "short", "operations.md#upgrade",
          "Appliers of each version.",
          (("count by (version) (redwal_applier_build_info{@})", "{{version}}"),)),
))

# --- redwal-controller --------------------------------------------------------------------------

WAL = "{{namespace}}/{{name}}"
OF_CONTROLLERS = "and on (job, instance) redwal_controller_leads{@}"
BAD_MINUTES = 'redwal_controller_wal_slo_minutes_total{@wal,verdict="bad"}[3d]'
KNOWN_MINUTES = 'redwal_controller_wal_slo_minutes_total{@wal,verdict=~"good|bad"}[3d]'

CONTROLLER_NOW = Row("Is it well?", True, (
    Panel("Not Applying", "short", "conditions.md#phases",
          "RedisWals in any phase but Applying.",
          (('count(redwal_controller_wal_phase{@wal,phase!="Applying"} > 0) or vector(0)', ""),), above=0),
    Panel("Not Ready", "short", "conditions.md#ready",
          "RedisWals whose condition Ready is False or Unknown.",
          (('count(redwal_controller_wal_condition{@wal,type="Ready",status!="True"} > 0) or vector(0)', ""),),
          above=0),
    Panel("Age of what readers see", "s", "kubernetes.md#marks",
          "Of the RedisWal whose readers may see what is oldest.",
          (("max(redwal_controller_wal_freshness_seconds{@wal})", ""),)),
    Panel("Burn rate, 1 h", "short", "operations.md#the-objective-of-a-rediswal",
          "Of the RedisWal that uses up what its objective allows the fastest; at 1 just all of it.",
          (('max(redwal_controller_wal_slo_burn_rate{@wal,window="1h"})', ""),), above=14.4),
    Panel("Leaders", "short", "operations.md#the-controller",
          "Controllers that hold the lease. Without one nobody looks, repairs or marks; appliers go on.",
          (("sum(redwal_controller_leads{@})", ""),), below=1),
    Panel("RedisWals", "short", "rediswal.md",
          "As many as there are.",
          (("max(redwal_controller_wals{@})", ""),)),
    Panel("Oldest look", "s", "failure-model.md#the-controller",
          "How long ago the WAL was looked at that has waited longest. What is older than 30 s is unknown.",
          (("max(redwal_controller_oldest_look_seconds{@})", ""),), above=30),
    Panel("Work that waits", "short", "operations.md#the-controller",
          "RedisWals with work to do, or whose work failed and waits.",
          (("max(redwal_controller_queue_length{@})", ""),)),
))

CONTROLLER_WALS = Row("How is each RedisWal?", False, (
    Panel("Phase", "short", "conditions.md#phases",
          "1 for the phase that each is in.",
          (("max by (namespace, name, phase) (redwal_controller_wal_phase{@wal}) > 0", WAL + " {{phase}}"),)),
    Panel("Conditions that are not good", "short", "conditions.md#conditions",
          "1 for each that is not as it should be, or not known. The page has the remedy of each reason.",
          (('max by (namespace, name, type, status) (redwal_controller_wal_condition'
            '{@wal,type!="RestoreRequired",status!="True"}) > 0', WAL + " {{type}} {{status}}"),
           ('max by (namespace, name, type, status) (redwal_controller_wal_condition'
            '{@wal,type="RestoreRequired",status!="False"}) > 0', WAL + " {{type}} {{status}}"))),
    Panel("Age of what readers see", "s", "kubernetes.md#marks",
          "How old it may be; absent while that is not known.",
          (("max by (namespace, name) (redwal_controller_wal_freshness_seconds{@wal})", WAL),)),
    Panel("Behind the site's log, by time", "s", "conditions.md#caughtup",
          "How long ago Redis had all that this site's log then held; absent while that is not known.",
          (("max by (namespace, name) (redwal_controller_wal_lag_seconds{@wal})", WAL),)),
    Panel("Behind the site's log, by records", "short", "conditions.md#caughtup",
          "Records of the log that Redis does not have yet; absent while that is not known.",
          (("max by (namespace, name) (redwal_controller_wal_lag_records{@wal})", WAL),)),
    Panel("Mirror", "short", "mirror.md#states",
          "1 for what the mirror does, where spec.mirror names one.",
          (("max by (namespace, name, state) (redwal_controller_wal_mirror_state{@wal})", WAL + " {{state}}"),)),
    Panel("Behind its source, by offsets", "short", "mirror.md#in-a-rediswal",
          "Of the mirror; absent while that is not known.",
          (("max by (namespace, name) (redwal_controller_wal_mirror_lag_records{@wal})", WAL),)),
    Panel("Marks", "ops", "conditions.md#logmarked",
          "Stored in the log, not stored, and seen there of somebody else (other).",
          (("sum by (namespace, name, result) (rate(redwal_controller_wal_marks_total{@wal}[@]))",
            WAL + " {{result}}"),)),
))

CONTROLLER_OBJECTIVE = Row("Does it keep its objective?", False, (
    Panel("Burn rate", "short", "operations.md#the-objective-of-a-rediswal",
          "Share of bad minutes in units of what the objective allows. 14.4 over 1h and 5m, or 6 over 6h and 30m, "
          "is an alert.",
          (("max by (namespace, name, window) (redwal_controller_wal_slo_burn_rate{@wal})", WAL + " {{window}}"),),
          above=14.4),
    Panel("Minutes in an hour", "short", "operations.md#the-objective-of-a-rediswal",
          "Good, bad, and unknown, which count for neither.",
          (("sum by (namespace, name, verdict) (increase(redwal_controller_wal_slo_minutes_total{@wal}[1h]))",
            WAL + " {{verdict}}"),)),
    Panel("Budget used in three days", "percentunit", "operations.md#the-objective-of-a-rediswal",
          "Bad minutes, of those that the objective allows in as many known ones.",
          ((f"sum by (namespace, name) (increase({BAD_MINUTES})) / "
            f"(sum by (namespace, name) (increase({KNOWN_MINUTES})) * "
            "max by (namespace, name) (redwal_controller_wal_slo_budget_ratio{@wal}))", WAL),), above=1),
    Panel("Share of minutes that may be bad", "percentunit", "rediswal.md#spec",
          "What spec.slo.objective allows.",
          (("max by (namespace, name) (redwal_controller_wal_slo_budget_ratio{@wal})", WAL),)),
))

CONTROLLER_WORK = Row("What does the controller do?", False, (
    Panel("Who leads", "short", "operations.md#the-controller",
          "1 for the one that holds the lease, and times that each took it in an hour.",
          (("redwal_controller_leads{@}", "{{instance}} leads"),
           ("increase(redwal_controller_terms_total{@}[1h])", "{{instance}} took the lease"))),
    Panel("Age of looks", "s", "failure-model.md#the-controller",
          "How long ago the WAL was looked at that has waited longest, at its log and at its Redis.",
          (("max by (at) (redwal_controller_oldest_look_seconds{@})", "{{at}}"),), above=30),
    Panel("Work on RedisWals", "ops", "operations.md#the-controller",
          "Done and failed.",
          (("sum by (result) (rate(redwal_controller_passes_total{@}[@]))", "{{result}}"),)),
    Panel("Work that waits", "short", "operations.md#the-controller",
          "RedisWals with work to do, or whose work failed and waits; 1 when all that is followed was listed.",
          (("redwal_controller_queue_length{@}", "{{instance}} waits"),
           ("redwal_controller_synced{@}", "{{instance}} synced"))),
    Panel("Requests about objects", "ops", "operations.md#the-controller",
          "By verb, and those that were refused or lost.",
          (("sum by (verb) (rate(redwal_controller_requests_total{@}[@]))", "{{verb}}"),
           ("sum(rate(redwal_controller_refused_total{@}[@]))", "refused or lost"))),
    Panel("Requests to the API server", "ops", "operations.md#the-controller",
          "Of all kinds, watches and the lease included.",
          (("sum by (instance) (rate(redwal_controller_api_requests_total{@}[@]))", "{{instance}}"),)),
    Panel("Put back, and unseen", "short", "rediswal.md#what-it-becomes",
          "In ten minutes: objects that others had changed or deleted, and Events that nobody will see.",
          (("sum(increase(redwal_controller_put_back_total{@}[10m]))", "put back"),
           ("sum(increase(redwal_controller_events_refused_total{@}[10m]))", "Events refused"))),
    Panel("Changed options", "short", "operations.md#change-while-it-runs",
          "Taken over in ten minutes, not usable in ten minutes, and 1 while what was changed cannot be used.",
          (("increase(redwal_controller_reloads_total{@}[10m])", "{{instance}} taken over"),
           ("increase(redwal_controller_reload_failures_total{@}[10m])", "{{instance}} not usable"),
           ("redwal_controller_reload_failed{@}", "{{instance}} waits for a repair"))),
    Panel("Memory", "bytes", "operations.md#the-controller",
          "Resident memory of each controller.",
          ((f"process_resident_memory_bytes{{@}} {OF_CONTROLLERS}", "{{instance}}"),)),
    Panel("Processor time", "percentunit", "operations.md#the-controller",
          "Of one processor.",
          ((f"rate(process_cpu_seconds_total{{@}}[@]) {OF_CONTROLLERS}", "{{instance}}"),)),
    Panel("Versions", "short", "operations.md#upgrade",
          "Controllers of each version.",
          (("count by (version) (redwal_controller_build_info{@})", "{{version}}"),)),
))

DASHBOARDS = (
    Dashboard("redis-applier", "redis-applier", "Is Redis fresh, and if not, why? Appliers of the logs of Redis.",
              False, (APPLIER_NOW, APPLIER_FRESH, APPLIER_REFUSED, APPLIER_REDIS, APPLIER_RATES, APPLIER_BOUNDS,
                      APPLIER_GROUP)),
    Dashboard("redwal-controller", "redwal-controller", "RedisWals, their objectives, and who looks after them.",
              True, (CONTROLLER_NOW, CONTROLLER_WALS, CONTROLLER_OBJECTIVE, CONTROLLER_WORK)),
)
