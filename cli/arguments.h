#pragma once
// The command line as a value.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/settings.h"

namespace chaperone::cli {

// Exit codes, documented in docs/cli.md.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;  // the command could not be done
inline constexpr int kExitUsage = 2;   // the command line is wrong
inline constexpr int kExitBroken = 3;  // verify found a break; a policy test failed

enum class Verb : std::uint8_t {
  kSessions,
  kShow,
  kSearch,
  kTail,
  kExport,
  kVerify,
  kAlarms,
  kWriters,
  kFleet,
  kAccesses,
  kPolicyCheck,
  kPolicyTest,
  kPolicyExplain,
  kCompletion,
  kVersion,
};

struct Filters {
  std::string from, to, pod, pod_namespace, service_account, resource, rule, verb, object, effect,
      risk_min, decision, status, kind, session, writer;
  std::vector<std::string> labels;
};

struct Arguments {
  Verb verb = Verb::kVersion;
  Settings settings;
  bool json = false;
  Filters filters;
  std::vector<std::string> words;  // search text; a policy's statement
  std::string session;             // show
  std::string file;                // verify; policy
  std::string output = "-";        // export
  std::string spool;               // verify --spool
  std::int64_t limit = 50;
  bool oldest_first = false;
  bool all_kinds = false;  // events too, not only commands
  bool old_only = false;   // fleet
  // policy explain
  std::string resource, schema;
  std::vector<std::string> parameters;
  struct {
    std::string pod, pod_namespace, service_account;
  } subject;
};

// The parsed line, or the exit code where there is nothing to do (help, or an error, both printed).
struct Parsed {
  std::optional<Arguments> arguments;
  int exit_code = kExitOk;
};
Parsed parse_arguments(int argc, char** argv);

// What `chaperone completion bash` prints: made from the same definitions, so that it knows them
// all.
std::string bash_completion();

}  // namespace chaperone::cli
