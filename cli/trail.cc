// sessions, show, search, tail.
#include <signal.h>

#include <cstdio>
#include <ctime>

#include "cli/commands.h"
#include "cli/pages.h"
#include "cli/terminal.h"
#include "cli/times.h"

namespace chaperone::cli {

namespace {
Result<Parameters> parameters_of(const Filters& filters, const std::vector<std::string>& words) {
  std::int64_t now_s = ::time(nullptr);
  auto from = time_parameter(filters.from, now_s);
  if (!from) return from.error();
  auto to = time_parameter(filters.to, now_s);
  if (!to) return to.error();
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  Parameters parameters{{"from", *from},
                    {"to", *to},
                    {"pod", filters.pod},
                    {"namespace", filters.pod_namespace},
                    {"service_account", filters.service_account},
                    {"resource", filters.resource},
                    {"rule", filters.rule},
                    {"verb", filters.verb},
                    {"object", filters.object},
                    {"effect", filters.effect},
                    {"risk_min", filters.risk_min},
                    {"decision", filters.decision},
                    {"status", filters.status},
                    {"kind", filters.kind},
                    {"session", filters.session},
                    {"writer", filters.writer},
                    {"text", text}};
  for (const std::string& label : filters.labels) parameters.emplace_back("label", label);
  return parameters;
}

// What was asked and refused before it could be: a command, or a connection.
constexpr const char* kAskedKinds = "command,connect_denied";

Tint verdict_tint(const std::string& verdict) {
  if (verdict == "deny") return Tint::kBad;
  if (verdict == "hold") return Tint::kWarn;
  return verdict == "allow" ? Tint::kGood : Tint::kDim;
}

// "role@database"; empty where neither is known (a connection that was refused).
std::string login_of(const Json& session, const char* user, const char* database) {
  std::string name = text_at(session, user), where = text_at(session, database);
  return name.empty() && where.empty() ? std::string() : name + "@" + where;
}

// What came of it: "3 rows", "error 42P01", "unknown".
Cell outcome_cell(const Json& outcome) {
  std::string status = text_at(outcome, "status"), error = text_at(outcome, "error");
  if (status.empty()) return {"-", Tint::kDim};
  if (status == "ok")
    return {has(outcome, "rows") ? std::to_string(number_at(outcome, "rows")) + " rows" : "ok"};
  return {error.empty() ? status : status + " " + error,
          status == "refused" ? Tint::kDim : Tint::kWarn};
}

std::string verbs_of(const Json& record) {
  std::string verbs;
  for (const Json& statement : array_at(record, "statements").GetArray()) {
    verbs += (verbs.empty() ? "" : ", ") + text_at(statement, "verb");
  }
  return verbs;
}

// A command shows its text, anything else what happened.
std::string what_of(const Json& record) {
  if (text_at(record, "kind") == "command") return text_at(record, "text");
  std::string what = text_at(record, "kind"), target = text_at(record, "target_name");
  if (target.empty()) target = text_at(record, "target_address");
  if (what == "connect_denied" && !target.empty()) what += " to " + target;
  if (what == "name") what += " " + target;
  for (const char* key : {"event", "detail", "reason"}) {
    std::string more = text_at(record, key);
    if (!more.empty()) what += (key == std::string("event") ? ": " : ", ") + more;
  }
  return what;
}

Cell what_cell(const Json& item) {
  if (!has(item, "damaged")) return {what_of(object_at(item, "record"))};
  return {"record " + std::to_string(number_at(item, "damaged")) +
              " is damaged in the collector's store",
          Tint::kBad};
}

Cell verdict_cell(const Json& record) {
  std::string verdict = text_at(record, "verdict"), would_be = text_at(record, "would_be");
  if (!would_be.empty()) return {verdict + " (" + would_be + ")", Tint::kWarn};
  return {verdict.empty() ? "-" : verdict, verdict_tint(verdict)};
}

std::vector<std::string> record_heads() {
  return {"TIME", "POD", "RESOURCE", "DECISION", "RULE", "EFFECTS", "OUTCOME", "WHAT"};
}

std::vector<Cell> record_row(const Json& item) {
  const Json& record = object_at(item, "record");
  const Json& own = object_at(item, "outcome");
  // Outcomes and closes carry their result themselves.
  Cell outcome = outcome_cell(own.ObjectEmpty() ? record : own);
  return {{short_time(text_at(record, "time")), Tint::kDim},
          {text_at(record, "pod")},
          {text_at(record, "resource")},
          verdict_cell(record),
          {text_at(record, "rule"), Tint::kDim},
          {joined(array_at(record, "effects"))},
          outcome,
          what_cell(item)};
}

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

Cell state_cell(const Json& session) {
  if (has(session, "refused")) return {"refused", Tint::kBad};
  return has(session, "closed") ? Cell{"closed", Tint::kDim} : Cell{"open", Tint::kGood};
}

// A connection that was refused has no login; where it wanted to go says more.
std::string login_or_target(const Json& session) {
  std::string login = login_of(session, "upstream_role", "upstream_database");
  return login.empty() ? text_at(session, "target") : login;
}

std::vector<Cell> session_row(const Json& session) {
  std::int64_t denied = number_at(session, "denied"), failed = number_at(session, "failed");
  return {{text_at(session, "session").substr(0, 12)},
          {short_time(text_at(session, "first")), Tint::kDim},
          state_cell(session),
          {text_at(session, "pod")},
          {text_at(session, "resource")},
          {login_or_target(session)},
          {std::to_string(number_at(session, "commands"))},
          {std::to_string(denied), denied ? Tint::kBad : Tint::kDim},
          {std::to_string(failed), failed ? Tint::kWarn : Tint::kDim},
          {joined(array_at(session, "effects"))}};
}

// Prints what each item is, as JSON at once or as a table at the end.
Result<int> list(const Arguments& arguments, const std::string& path, const Parameters& parameters,
                 const char* name, Table table, std::vector<Cell> (*row)(const Json&),
                 const char* nothing) {
  auto client = Client::open(arguments.settings);
  if (!client) return client.error();
  auto done = for_each(**client, path, parameters, name, arguments.limit, [&](const Json& item) {
    arguments.json ? print(to_text(item) + "\n") : table.add(row(item));
  });
  if (!done) return done.error();
  if (!arguments.json)
    print(table.empty() ? std::string(nothing) + "\n" : table.text(standard_output()));
  return kExitOk;
}

void describe_session(const Json& session) {
  Terminal terminal = standard_output();
  Table table({"", ""});
  auto line = [&](const char* label, const std::string& value) {
    if (!value.empty()) table.add({{label, Tint::kHead}, {value}});
  };
  line("session", text_at(session, "session"));
  line("pod", text_at(session, "pod"));
  line("namespace", text_at(session, "namespace"));
  line("service account", text_at(session, "service_account"));
  line("principal", text_at(session, "principal"));
  line("resource", text_at(session, "resource"));
  line("target", text_at(session, "target"));
  line("client asked for", login_of(session, "client_user", "client_database"));
  line("logged in as", login_of(session, "upstream_role", "upstream_database"));
  line("application", text_at(session, "application_name"));
  line("from", text_at(session, "first"));
  line("to", has(session, "closed")
                 ? text_at(session, "closed") + " " + text_at(session, "close_reason")
                 : "open");
  line("commands", std::to_string(number_at(session, "commands")) + ", denied " +
                       std::to_string(number_at(session, "denied")) + ", failed " +
                       std::to_string(number_at(session, "failed")));
  line("effects",
       joined(array_at(session, "effects")) + " (risk " + text_at(session, "risk") + ")");
  line("writer", text_at(session, "writer"));
  print(table.text(terminal, false) + "\n");
}

std::vector<Cell> step_row(const Json& item) {
  const Json& record = object_at(item, "record");
  const Json& outcome = object_at(item, "outcome");
  std::string took =
      has(outcome, "duration_ns") ? short_duration(number_at(outcome, "duration_ns")) : "";
  return {{short_time(text_at(record, "time")), Tint::kDim},
          {verbs_of(record)},
          verdict_cell(record),
          {text_at(record, "rule"), Tint::kDim},
          outcome_cell(outcome),
          {took, Tint::kDim},
          what_cell(item)};
}
}  // namespace

Result<int> sessions(const Arguments& arguments) {
  auto parameters = parameters_of(arguments.filters, {});
  if (!parameters) return parameters.error();
  Table table({"SESSION", "STARTED", "STATE", "POD", "RESOURCE", "LOGIN OR TARGET", "COMMANDS", "DENIED",
               "FAILED", "EFFECTS"});
  return list(arguments, "/v1/sessions", *parameters, "sessions", std::move(table), session_row,
              "no session matches");
}

Result<int> search(const Arguments& arguments) {
  Arguments wanted = arguments;
  if (!arguments.all_kinds && wanted.filters.kind.empty()) wanted.filters.kind = kAskedKinds;
  auto parameters = parameters_of(wanted.filters, arguments.words);
  if (!parameters) return parameters.error();
  parameters->emplace_back("order", arguments.oldest_first ? "asc" : "desc");
  return list(wanted, "/v1/records", *parameters, "records", Table(record_heads()), record_row,
              "no record matches");
}

Result<int> show(const Arguments& arguments) {
  auto client = Client::open(arguments.settings);
  if (!client) return client.error();
  auto body = (*client)->get("/v1/sessions/" + arguments.session);
  if (!body) return body.error();
  auto session = parse_json(*body);
  if (!session) return session.error();
  if (!arguments.json) describe_session(*session);
  Table table({"TIME", "VERB", "DECISION", "RULE", "OUTCOME", "TOOK", "WHAT"});
  Parameters parameters = {{"session", text_at(*session, "session")},
                           {"writer", text_at(*session, "writer")},
                           {"order", "asc"}};
  auto done = for_each(**client, "/v1/records", parameters, "records", arguments.limit,
                       [&](const Json& item) {
                         if (arguments.json) return print(to_text(item) + "\n");
                         // An outcome stands beside its command already.
                         if (text_at(object_at(item, "record"), "kind") != "outcome")
                           table.add(step_row(item));
                       });
  if (!done) return done.error();
  if (!arguments.json) print(table.text(standard_output()));
  return kExitOk;
}

Result<int> tail(const Arguments& arguments) {
  auto client = Client::open(arguments.settings);
  if (!client) return client.error();
  Arguments wanted = arguments;
  if (!arguments.all_kinds && wanted.filters.kind.empty()) wanted.filters.kind = kAskedKinds;
  auto parameters = parameters_of(wanted.filters, arguments.words);
  if (!parameters) return parameters.error();
  Terminal terminal = standard_output();
  bool first = true;
  for (std::string cursor;;) {
    Parameters page = *parameters;
    page.emplace_back("wait_s", cursor.empty() ? "0" : "25");
    page.emplace_back("cursor", cursor);
    auto body = (*client)->get("/v1/tail", page);
    if (!body) return body.error();
    auto json = parse_json(*body);
    if (!json) return json.error();
    Table table(record_heads());
    for (const Json& item : array_at(*json, "records").GetArray()) {
      arguments.json ? print(to_text(item) + "\n") : table.add(record_row(item));
    }
    if (!table.empty()) {
      print(table.text(terminal, first));
      first = false;
    }
    cursor = text_at(*json, "next");
    if (cursor.empty())
      return Error{"the collector gave no place to go on from; is it a newer version?"};
  }
}

}  // namespace chaperone::cli
