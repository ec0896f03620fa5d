#include "sidecar/report.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <sys/resource.h>
#include <unistd.h>

#include <ctime>
#include <fstream>

#include "proto-parsers/base/utf8.h"
#include "sidecar/admin/hardening.h"
#include "sidecar/admin/metrics.h"

namespace chaperone {
namespace {

using Json = rapidjson::Writer<rapidjson::StringBuffer>;

constexpr std::array<std::string_view, 3> kVerdicts = {"allow", "hold", "deny"};

// Names come from statements, and statements are any bytes: what is no UTF-8 is spelled out.
std::string spelled(const std::string& text) {
  if (is_utf8(text)) return text;
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte < 0x80) out += c;
    else (out += "\\x") += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return out;
}

void member(Json& json, const char* name, const std::string& value) {
  const std::string text = spelled(value);
  json.Key(name);
  json.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}
void member(Json& json, const char* name, std::uint64_t value) {
  json.Key(name);
  json.Uint64(value);
}

std::string time_text(std::int64_t wall_ns) {
  std::time_t seconds = wall_ns / 1'000'000'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string effect_name(std::size_t index) {
  if (index == static_cast<std::size_t>(kEffectCount)) return "none";
  return std::string(name_of(static_cast<Effect>(index)));
}

void command_counts(admin::MetricsPage& page, const session::MetricsSink& sink) {
  for (std::size_t effect = 0; effect < sink.commands.size(); ++effect) {
    for (std::size_t verdict = 0; verdict < kVerdicts.size(); ++verdict) {
      std::uint64_t count = sink.commands[effect][verdict];
      if (count == 0) continue;
      std::string name = effect_name(effect);
      page.counter("chaperone_commands_total", "Commands by protocol, worst effect and decision.",
                   count,
                   {{"protocol", "postgres"}, {"effect", name}, {"decision", kVerdicts[verdict]}});
    }
  }
}

void denial_counts(admin::MetricsPage& page, const session::MetricsSink& sink,
                   const policy::Policy& policy) {
  session::MetricsSink all = sink;
  all.policy_ends(policy);
  for (const auto& [rule, count] : all.denied_before) {
    page.counter("chaperone_denials_total", "Commands refused or held, by rule.", count,
                 {{"rule", rule}});
  }
}

void latency(admin::MetricsPage& page, std::string_view name, std::string_view help,
             const session::LatencyHistogram& histogram) {
  std::array<double, session::LatencyHistogram::kBuckets - 1> bounds{};
  for (std::size_t i = 0; i < bounds.size(); ++i) bounds[i] = static_cast<double>(1ull << i) * 1e-6;
  page.histogram(name, help, bounds, histogram.counts, static_cast<double>(histogram.sum_ns) * 1e-9);
}

void loop_metrics(admin::MetricsPage& page, const LoopReport& loop, const policy::Policy& policy) {
  const session::MetricsSink& sink = loop.metrics;
  command_counts(page, sink);
  denial_counts(page, sink, policy);
  page.counter("chaperone_observed_total", "Commands that passed only because a rule observes.", sink.observed);
  page.counter("chaperone_sessions_total", "Connections of the agent that were accepted.", sink.sessions_opened);
  page.gauge("chaperone_sessions_open", "Connections of the agent now.", static_cast<double>(sink.sessions_open));
  page.counter("chaperone_sessions_refused_total", "Connections refused for want of room or a login.", sink.sessions_refused);
  page.counter("chaperone_connects_denied_total", "Connections that the policy names no resource for, or denies.", sink.connects_denied);
  page.counter("chaperone_opaque_sessions_total", "Connections passed unread by a policy line.", sink.opaque_sessions);
  page.counter("chaperone_cancels_total", "Cancel requests passed on.", sink.cancels);
  page.counter("chaperone_parse_errors_total", "Sessions ended because their bytes were not understood.", sink.parse_errors);
  page.counter("chaperone_records_missed_total", "Connections whose denial or end the spool had no room to record.", sink.records_missed);
  page.counter("chaperone_bytes_total", "Bytes passed.", sink.bytes_to_client, {{"direction", "to_agent"}});
  page.counter("chaperone_bytes_total", "Bytes passed.", sink.bytes_to_server, {{"direction", "to_target"}});
  page.counter("chaperone_upstream_connects_total", "Connections made to servers.", sink.upstream_connects);
  page.counter("chaperone_upstream_login_failures_total", "Logins that a server refused.", sink.upstream_login_failures);
  page.counter("chaperone_warm_total", "Sessions that found a connection ready, or not.", sink.warm_hits, {{"result", "hit"}});
  page.counter("chaperone_warm_total", "Sessions that found a connection ready, or not.", sink.warm_misses, {{"result", "miss"}});
  page.counter("chaperone_warm_returned_total", "Connections whose session left no state: kept for another, or not.", sink.warm_kept, {{"result", "kept"}});
  page.counter("chaperone_warm_returned_total", "Connections whose session left no state: kept for another, or not.", sink.warm_closed, {{"result", "closed"}});
  page.gauge("chaperone_warm_connections", "Server connections logged in ahead of need.", static_cast<double>(loop.warm));
  page.counter("chaperone_catalogue_loads_total", "Times a database's catalogue was asked for.", sink.catalogue_loads);
  page.counter("chaperone_catalogue_failures_total", "Catalogue loads that failed.", sink.catalogue_failures);
  latency(page, "chaperone_upstream_seconds", "From a command's leaving to its last reply.", sink.upstream);
  latency(page, "chaperone_added_seconds", "What judging and recording a read's worth of commands took.", sink.added);
}

void escape_metrics(admin::MetricsPage& page, const Escapes& escapes) {
  if (!escapes.configured) return;
  page.gauge("chaperone_escape_counters_readable", "0: nobody writes them, or the file is no such file.",
             escapes.readable ? 1 : 0);
  if (!escapes.readable) return;
  page.gauge("chaperone_escape_counters_time_seconds", "When the kernel was last asked, since 1970.",
             static_cast<double>(escapes.wall_s));
  for (const auto& [name, packets] : escapes.counters) {
    page.counter("chaperone_escapes_total", "Packets that tried to leave past the sidecar, and did not.",
                 packets, {{"counter", name}});
  }
}

void name_metrics(admin::MetricsPage& page, const ProcessReport& process) {
  const dns::Counters& names = process.names;
  const std::string asked = "Names that the agent asked for, by decision.";
  page.counter("chaperone_dns_questions_total", asked, names.allowed, {{"decision", "allow"}});
  page.counter("chaperone_dns_questions_total", asked, names.denied, {{"decision", "deny"}});
  page.counter("chaperone_dns_malformed_total", "Messages on the DNS port that are no question.", names.malformed);
  page.counter("chaperone_dns_cached_total", "Questions answered from the cache.", names.cached);
  page.counter("chaperone_dns_upstream_total", "Questions sent to a resolver.", names.asked_upstream);
  page.counter("chaperone_dns_failed_total", "Questions that no resolver answered.", names.failed);
  page.counter("chaperone_dns_tunnels_total", "Questions refused because they look like a tunnel or came too fast.", names.tunnels);
  page.counter("chaperone_dns_rebindings_total", "Answers withheld because of an address in them.", names.rebindings);
  page.gauge("chaperone_dns_bindings", "Addresses handed out whose names are remembered.", static_cast<double>(process.bindings));
}

void process_metrics(admin::MetricsPage& page, const ProcessReport& process) {
  escape_metrics(page, process.escapes);
  page.counter_seconds("chaperone_cpu_seconds_total", "Processor time of the sidecar.", process.cpu_s);
  page.gauge("chaperone_memory_bytes", "Memory that the sidecar occupies.", static_cast<double>(process.memory_bytes));
  page.gauge("chaperone_build_info", "Always 1.", 1, {{"build", process.build}});
  page.gauge("chaperone_policy_info", "Always 1; the digest of the policy in force.", 1,
             {{"digest", process.policy->digest()}, {"revision", process.policy->revision()}});
  page.gauge("chaperone_spool_bytes", "Bytes that the spool occupies.", static_cast<double>(process.spool.bytes));
  page.gauge("chaperone_spool_bytes_max", "Bytes at which commands are refused.", static_cast<double>(process.spool.bytes_max));
  page.counter("chaperone_spool_refused_total", "Records refused for want of room: so were their commands.", process.spool.refused);
  page.gauge("chaperone_spool_unacknowledged_records", "Records that the collector has not acknowledged.",
             static_cast<double>(process.appended - process.acknowledged));
  page.counter("chaperone_ship_records_total", "Records acknowledged by the collector.", process.ship.records);
  page.counter("chaperone_ship_errors_total", "Requests to the collector that failed.", process.ship.errors);
  page.gauge("chaperone_ship_lag_seconds", "How long some record has waited for the collector.",
             static_cast<double>(process.ship.lag_ms) / 1000);
}

// A list of what all loops hold of one kind; `put` writes the members of one.
template <class Item, class Put>
std::string list_json(const std::vector<LoopReport>& loops, std::vector<Item> LoopReport::*items,
                      Put put) {
  rapidjson::StringBuffer buffer;
  Json json(buffer);
  json.StartArray();
  for (const LoopReport& loop : loops) {
    for (const Item& item : loop.*items) {
      json.StartObject();
      put(json, item);
      json.EndObject();
    }
  }
  json.EndArray();
  return buffer.GetString();
}

}  // namespace

void measure_cost(ProcessReport& process) {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  process.cpu_s = seconds(used.ru_utime) + seconds(used.ru_stime);
  // Pages: of the address space, then of what is resident.
  std::uint64_t all = 0, resident = 0;
  if (std::ifstream("/proc/self/statm") >> all >> resident)
    process.memory_bytes = resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::string metrics_text(const std::vector<LoopReport>& loops, const ProcessReport& process) {
  admin::MetricsPage page;
  for (const LoopReport& loop : loops) loop_metrics(page, loop, *process.policy);
  process_metrics(page, process);
  name_metrics(page, process);
  return page.text();
}

std::string status_json(const std::vector<LoopReport>& loops, const ProcessReport& process) {
  rapidjson::StringBuffer buffer;
  Json json(buffer);
  session::MetricsSink sum;
  std::uint64_t allowed = 0, denied = 0;
  for (const LoopReport& loop : loops) {
    sum.sessions_open += loop.metrics.sessions_open;
    sum.sessions_opened += loop.metrics.sessions_opened;
    sum.connects_denied += loop.metrics.connects_denied;
    sum.observed += loop.metrics.observed;
    sum.warm_kept += loop.metrics.warm_kept;
    sum.warm_returned += loop.metrics.warm_returned;
    for (const auto& effect : loop.metrics.commands) {
      allowed += effect[0];
      denied += effect[1] + effect[2];
    }
  }
  admin::Hardening hardening = admin::hardening_in_force();
  json.StartObject();
  member(json, "build", process.build);
  member(json, "policy", process.policy->digest());
  member(json, "revision", process.policy->revision());
  member(json, "sessions_open", sum.sessions_open);
  member(json, "sessions_total", sum.sessions_opened);
  member(json, "connects_denied", sum.connects_denied);
  member(json, "commands_allowed", allowed);
  member(json, "commands_refused", denied);
  member(json, "observed", sum.observed);
  member(json, "warm_returned", sum.warm_returned);
  member(json, "warm_kept", sum.warm_kept);
  member(json, "spool_bytes", process.spool.bytes);
  member(json, "spool_bytes_max", process.spool.bytes_max);
  member(json, "records", process.appended);
  member(json, "records_durable", process.durable);
  member(json, "records_acknowledged", process.acknowledged);
  member(json, "collector", process.has_collector ? (process.ship.last_error.empty() ? std::string("reached") : process.ship.last_error) : std::string("none"));
  member(json, "sealed", std::string(hardening.sealed ? "yes" : "no"));
  json.EndObject();
  return buffer.GetString();
}

LoopReport report_of(const session::Worker& worker) {
  LoopReport report;
  report.metrics = worker.metrics;
  for (const auto& [known, session] : worker.sessions) report.sessions.push_back(session->view());
  report.ended.assign(worker.ended.all().begin(), worker.ended.all().end());
  report.denials.assign(worker.denials.all().begin(), worker.denials.all().end());
  report.warm = worker.warm.size();
  return report;
}

namespace {

void put_ruling(Json& json, const session::Ruling& ruling) {
  member(json, "rule", ruling.rule);
  member(json, "at", ruling.place);
  member(json, "policy", ruling.digest.substr(0, 12));
}

}  // namespace

std::string sessions_json(const std::vector<LoopReport>& loops) {
  return list_json(loops, &LoopReport::sessions, [](Json& json, const session::SessionView& view) {
    member(json, "id", view.id);
    member(json, "kind", view.kind);
    member(json, "resource", view.resource);
    member(json, "target", view.target);
    member(json, "client", view.client);
    member(json, "role", view.user);
    member(json, "database", view.database);
    member(json, "state", view.state);
    member(json, "operations", view.operations);
    put_ruling(json, view.ruling);
  });
}

std::string recent_json(const std::vector<LoopReport>& loops) {
  return list_json(loops, &LoopReport::ended, [](Json& json, const session::EndedConnection& one) {
    member(json, "time", time_text(one.wall_ns));
    member(json, "kind", one.view.kind);
    member(json, "resource", one.view.resource);
    member(json, "target", one.view.target);
    member(json, "role", one.view.user);
    member(json, "database", one.view.database);
    member(json, "operations", one.view.operations);
    member(json, "ended", one.word);
    member(json, "detail", one.detail);
    put_ruling(json, one.view.ruling);
    member(json, "client", one.view.client);
    member(json, "session", one.view.id);
  });
}

std::string denials_json(const std::vector<LoopReport>& loops) {
  return list_json(loops, &LoopReport::denials, [](Json& json, const session::Denial& denial) {
    member(json, "time", time_text(denial.wall_ns));
    member(json, "verb", denial.verb);
    put_ruling(json, denial.ruling);
    member(json, "reason", denial.reason);
    member(json, "resource", denial.resource);
    member(json, "target", denial.target);
    member(json, "session", denial.session);
  });
}

}  // namespace chaperone
