// chaperone: the command line. Chooses the command; errors end here.
#include <cstdio>
#include <cstdlib>

#include "cli/arguments.h"
#include "cli/commands.h"

namespace chaperone::cli {

namespace {
std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

Result<int> print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  return kExitOk;
}

Result<int> run(const Arguments& arguments) {
  switch (arguments.verb) {
    case Verb::kSessions:
      return sessions(arguments);
    case Verb::kShow:
      return show(arguments);
    case Verb::kSearch:
      return search(arguments);
    case Verb::kTail:
      return tail(arguments);
    case Verb::kExport:
      return export_trail(arguments);
    case Verb::kVerify:
      return verify(arguments);
    case Verb::kAlarms:
      return alarms(arguments);
    case Verb::kWriters:
      return writers(arguments);
    case Verb::kFleet:
      return fleet(arguments);
    case Verb::kAccesses:
      return accesses(arguments);
    case Verb::kPolicyCheck:
    case Verb::kPolicyTest:
    case Verb::kPolicyExplain: return policy(arguments);
    case Verb::kCompletion:
      return print(bash_completion());
    case Verb::kVersion:
      return print("chaperone " CHAPERONE_VERSION "\n");
  }
  return kExitUsage;
}
}  // namespace
}  // namespace chaperone::cli

int main(int argc, char** argv) {
  using namespace chaperone::cli;
  Parsed parsed = parse_arguments(argc, argv);
  if (!parsed.arguments) return parsed.exit_code;
  auto settings = complete(parsed.arguments->settings, environment);
  if (settings) parsed.arguments->settings = *settings;
  auto done = settings ? run(*parsed.arguments) : chaperone::Result<int>(settings.error());
  if (done) return *done;
  std::fprintf(stderr, "chaperone: %s\n", done.error().message.c_str());
  return kExitFailed;
}
