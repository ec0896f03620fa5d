// alarms, writers, fleet, accesses, export.
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iostream>

#include "cli/commands.h"
#include "cli/pages.h"
#include "cli/terminal.h"
#include "cli/times.h"

namespace chaperone::cli {

namespace {
using Row = std::vector<Cell> (*)(const Json&);

Result<int> list(const Arguments& arguments, const std::string& path, const Parameters& parameters,
                 const char* name, Table table, Row row, const char* nothing) {
  auto client = Client::open(arguments.settings);
  if (!client) return client.error();
  auto done = for_each(**client, path, parameters, name, arguments.limit, [&](const Json& item) {
    if (arguments.json)
      std::cout << to_text(item) << "\n";
    else
      table.add(row(item));
  });
  if (!done) return done.error();
  if (!arguments.json)
    std::cout << (table.empty() ? std::string(nothing) + "\n" : table.text(standard_output()));
  return kExitOk;
}

std::vector<Cell> alarm_row(const Json& alarm) {
  std::string sequence =
      has(alarm, "sequence") ? std::to_string(number_at(alarm, "sequence")) : "-";
  return {{short_time(text_at(alarm, "last")), Tint::kDim},
          {text_at(alarm, "kind"), Tint::kBad},
          {std::to_string(number_at(alarm, "count"))},
          {text_at(alarm, "writer").substr(0, 12)},
          {sequence},
          {text_at(alarm, "detail")}};
}

Cell writer_state(const Json& writer) {
  if (has(writer, "stopped") && writer["stopped"].IsTrue()) return {"stopped", Tint::kDim};
  if (has(writer, "silent") && writer["silent"].IsTrue()) return {"silent", Tint::kBad};
  return {"live", Tint::kGood};
}

std::vector<Cell> writer_row(const Json& writer) {
  return {{text_at(writer, "writer")},
          {short_time(text_at(writer, "last")), Tint::kDim},
          writer_state(writer),
          {text_at(writer, "pod")},
          {text_at(writer, "namespace")},
          {text_at(writer, "token")},
          {std::to_string(number_at(writer, "sequence"))},
          {text_at(writer, "build")}};
}

Cell pod_state(const Json& pod) {
  if (has(pod, "old") && pod["old"].IsTrue()) return {"old", Tint::kBad};
  if (has(pod, "silent") && pod["silent"].IsTrue()) return {"silent", Tint::kDim};
  return {"current", Tint::kGood};
}

std::vector<Cell> fleet_row(const Json& pod) {
  std::string revision = text_at(pod, "revision");
  if (!revision.empty()) revision += " ";
  return {{text_at(pod, "pod")},
          {text_at(pod, "namespace")},
          {text_at(pod, "policy")},
          pod_state(pod),
          {revision + text_at(pod, "digest").substr(0, 12)},
          {short_time(text_at(pod, "since")), Tint::kDim},
          {text_at(pod, "node")},
          {text_at(pod, "build")}};
}

std::vector<Cell> access_row(const Json& access) {
  return {{short_time(text_at(access, "at")), Tint::kDim},
          {text_at(access, "token")},
          {text_at(access, "address")},
          {std::to_string(number_at(access, "status"))},
          {std::to_string(number_at(access, "items"))},
          {text_at(access, "path") + (has(access, "query") ? "?" + text_at(access, "query") : "")}};
}
}  // namespace

Result<int> alarms(const Arguments& arguments) {
  return list(arguments, "/v1/alarms", {{"kind", arguments.filters.kind}}, "alarms",
              Table({"LAST", "KIND", "COUNT", "WRITER", "SEQUENCE", "WHAT"}), alarm_row,
              "no alarms");
}

Result<int> writers(const Arguments& arguments) {
  return list(arguments, "/v1/writers", {}, "writers",
              Table({"WRITER", "LAST", "STATE", "POD", "NAMESPACE", "TOKEN", "SEQUENCE", "BUILD"}),
              writer_row, "no writers");
}

Result<int> fleet(const Arguments& arguments) {
  Parameters parameters;
  if (arguments.old_only) parameters.emplace_back("old", "true");
  return list(arguments, "/v1/fleet", parameters, "pods",
              Table({"POD", "NAMESPACE", "POLICY", "STATE", "REVISION", "SINCE", "NODE", "BUILD"}),
              fleet_row, arguments.old_only ? "no pod is on an old policy" : "no pods");
}

Result<int> accesses(const Arguments& arguments) {
  return list(arguments, "/v1/accesses", {}, "accesses",
              Table({"AT", "TOKEN", "ADDRESS", "STATUS", "ITEMS", "WHAT"}), access_row,
              "no accesses");
}

namespace {
// Said beside a finished export. Who may not see alarms learns it from verify alone.
void warn_of_damage(Client& client) {
  auto body = client.get("/v1/alarms", {{"kind", "store_damaged"}, {"limit", "1"}});
  if (!body) return;
  auto json = parse_json(*body);
  if (!json || array_at(*json, "alarms").GetArray().Empty()) return;
  std::fprintf(stderr,
               "warning: the collector's store is damaged; records may be missing, and verify "
               "names them; see chaperone alarms --kind store_damaged\n");
}
// The whole id of a session of which the beginning was given.
Result<std::string> whole_session(Client& client, const std::string& given) {
  constexpr std::size_t kIdDigits = 32;
  if (given.empty() || given.size() >= kIdDigits) return given;
  auto body = client.get("/v1/sessions/" + given);
  if (!body) return body.error();
  auto session = parse_json(*body);
  if (!session) return session.error();
  return text_at(*session, "session");
}
}  // namespace

Result<int> export_trail(const Arguments& arguments) {
  auto client = Client::open(arguments.settings);
  if (!client) return client.error();
  std::int64_t now_s = ::time(nullptr);
  auto from = time_parameter(arguments.filters.from, now_s),
       to = time_parameter(arguments.filters.to, now_s);
  if (!from || !to) return from ? to.error() : from.error();
  auto session = whole_session(**client, arguments.filters.session);
  if (!session) return session.error();
  bool to_file = arguments.output != "-";
  std::string unfinished = arguments.output + ".part";
  std::ofstream file;
  if (to_file) file.open(unfinished, std::ios::binary | std::ios::trunc);
  std::ostream& out = to_file ? file : std::cout;
  if (!out) return Error{"cannot write " + unfinished};
  std::uint64_t bytes = 0;
  auto done = (*client)->stream(
      "/v1/export",
      {{"session", *session}, {"writer", arguments.filters.writer}, {"from", *from}, {"to", *to}},
      [&](std::string_view piece) {
        bytes += piece.size();
        return static_cast<bool>(
            out.write(piece.data(), static_cast<std::streamsize>(piece.size())));
      });
  if (done && !out.flush()) done = Error{"cannot write " + unfinished + "; is the disk full?"};
  file.close();
  if (done) warn_of_damage(**client);
  if (!done || !to_file) {
    if (to_file) std::remove(unfinished.c_str());
    if (!done) return done.error();
    return kExitOk;
  }
  if (std::rename(unfinished.c_str(), arguments.output.c_str()) != 0)
    return Error{"cannot write " + arguments.output};
  std::fprintf(stderr, "%llu bytes in %s; check it anywhere: chaperone verify %s --key ...\n",
               static_cast<unsigned long long>(bytes), arguments.output.c_str(),
               arguments.output.c_str());
  return kExitOk;
}

}  // namespace chaperone::cli
