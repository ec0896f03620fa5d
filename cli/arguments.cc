#include "cli/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "sidecar/config/finding.h"

namespace chaperone::cli {

namespace {
// Where completion proposes files, and the words that it proposes for a value.
const char* const kEffects =
    "read write delete define drop grant run_code export import session lock notify listen "
    "transaction admin replicate maintain describe opaque unknown";

std::vector<std::string_view> words_of(std::string_view text, char between) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; at <= text.size();) {
    std::size_t end = std::min(text.find(between, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

// Why this is no list of effects; empty if it is one.
std::string wrong_effect(const std::string& text) {
  const std::vector<std::string_view> known = words_of(kEffects, ' ');
  for (std::string_view word : words_of(text, ',')) {
    if (std::find(known.begin(), known.end(), word) != known.end()) continue;
    std::string nearest = config::nearest_word(word, known);
    return "no effect is called \"" + std::string(word) + "\"" +
           (nearest.empty() ? std::string() : "; did you mean \"" + nearest + "\"?");
  }
  return {};
}

class Builder {
 public:
  explicit Builder(Arguments& arguments) : out_(arguments) {
    app_.require_subcommand(1);
    app_.set_version_flag("--version", "chaperone " CHAPERONE_VERSION);
    app_.set_help_all_flag("--help-all", "help for all commands");
    app_.footer(
        "Exit codes: 0 done, 1 could not be done, 2 wrong usage, 3 verification or policy test "
        "failed.\n"
        "Environment: CHAPERONE_COLLECTOR, CHAPERONE_TOKEN_FILE, CHAPERONE_CA_FILE, NO_COLOR.");
    trail();
    proof();
    lists();
    policy();
    command(app_, "version", "what this is", Verb::kVersion);
    auto* completion =
        command(app_, "completion", "code for the shell: source <(chaperone completion bash)",
                Verb::kCompletion);
    completion->add_option("shell", out_.file, "bash")->required()->check(CLI::IsMember({"bash"}));
  }
  CLI::App& app() { return app_; }

 private:
  CLI::App* command(CLI::App& parent, const std::string& name, const std::string& help, Verb verb) {
    auto* sub = parent.add_subcommand(name, help);
    sub->callback([this, verb] { out_.verb = verb; });
    return sub;
  }

  // Commands that ask a collector.
  CLI::App* remote(const std::string& name, const std::string& help, Verb verb) {
    auto* sub = command(app_, name, help, verb);
    sub->add_option("--collector", out_.settings.collector, "https://host[:port]");
    sub->add_option("--token-file", out_.settings.token_file, "file that holds the reader's token");
    sub->add_option("--ca-file", out_.settings.ca_file, "CA of the collector's certificate, PEM");
    return sub;
  }
  void json(CLI::App* sub) { sub->add_flag("--json", out_.json, "for programs"); }
  void paged(CLI::App* sub) {
    sub->add_option("--limit", out_.limit, "at most so many")
        ->capture_default_str()
        ->check(CLI::Range(1, 100000));
  }

  void filtered(CLI::App* sub) {
    Filters& to = out_.filters;
    sub->add_option("--since", to.from, "15m, 2h, 7d (ago), today, 2026-01-31 or RFC 3339");
    sub->add_option("--until", to.to, "likewise");
    sub->add_option("--pod", to.pod, "pod's name");
    sub->add_option("--namespace", to.pod_namespace, "its namespace");
    sub->add_option("--service-account", to.service_account, "its service account");
    sub->add_option("--label", to.labels, "label of the pod: key=value, or key; may be repeated")
        ->expected(1)
        ->take_all()
        ->allow_extra_args(false);
    sub->add_option("--resource", to.resource, "resource as the policy names it");
    sub->add_option("--verb", to.verb, "SELECT, DROP TABLE, ...");
    sub->add_option("--object", to.object, "public.customers, or a column: public.customers.email");
    sub->add_option("--effect", to.effect, std::string("any of, with commas: ") + kEffects)
        ->check(CLI::Validator(wrong_effect, ""));
    sub->add_option("--risk", to.risk_min, "this tier or higher")
        ->check(CLI::IsMember({"none", "low", "medium", "high", "critical"}));
    sub->add_option("--decision", to.decision, "")->check(CLI::IsMember({"allow", "hold", "deny"}));
    sub->add_option("--rule", to.rule, "rule that spoke");
    sub->add_option("--status", to.status, "")
        ->check(CLI::IsMember({"ok", "error", "refused", "skipped", "unknown"}));
  }

  void trail() {
    auto* sessions = remote("sessions", "connections of agents, newest first", Verb::kSessions);
    filtered(sessions), paged(sessions), json(sessions);

    auto* show = remote("show", "one session: who, where, and each command", Verb::kShow);
    show->add_option("session", out_.session, "its id, or the first 8 digits or more")->required();
    paged(show), json(show);

    auto* search =
        remote("search", "commands that hold all the words and match all filters", Verb::kSearch);
    search->add_option("words", out_.words, "a word that ends in * is a beginning");
    search->add_flag("--all", out_.all_kinds, "all kinds of records, not only commands and refused connections");
    search->add_flag("--oldest-first", out_.oldest_first, "");
    filtered(search), paged(search), json(search);

    auto* tail = remote("tail", "records as they come, until interrupted", Verb::kTail);
    tail->add_option("words", out_.words, "only with all these words");
    tail->add_flag("--all", out_.all_kinds, "all kinds of records, not only commands and refused connections");
    filtered(tail), json(tail);
  }

  void proof() {
    auto* exporting = remote(
        "export", "a file that proves itself: records, enrolments, checkpoints", Verb::kExport);
    exporting->add_option("--session", out_.filters.session,
                          "of one session: its id, or the first 8 digits or more");
    exporting->add_option("--writer", out_.filters.writer, "of one writer");
    exporting->add_option("--since", out_.filters.from,
                          "15m, 2h, 7d (ago), today, 2026-01-31 or RFC 3339");
    exporting->add_option("--until", out_.filters.to, "likewise");
    exporting->add_option("-o,--output", out_.output, "file; '-' for standard output")
        ->capture_default_str();

    auto* verify = command(app_, "verify", "is it genuine, unaltered and whole? Needs no network",
                           Verb::kVerify);
    verify->add_option("file", out_.file, "an export");
    verify->add_option("--spool", out_.spool, "a sidecar's spool folder instead of an export");
    verify->add_option(
        "--key", out_.settings.collector_key,
        "the collector's public key: 64 hexadecimal digits, or a file that holds them");
    json(verify);
  }

  void lists() {
    auto* alarms = remote("alarms", "breaks and oddities that the collector saw", Verb::kAlarms);
    alarms->add_option("--kind", out_.filters.kind, "gap, fork, silent, ...");
    paged(alarms), json(alarms);
    auto* writers = remote("writers", "sidecars that send records", Verb::kWriters);
    paged(writers), json(writers);
    auto* fleet = remote("fleet", "pods that run, and which of them are on an old policy", Verb::kFleet);
    fleet->add_flag("--old", out_.old_only, "only those");
    paged(fleet), json(fleet);
    auto* accesses = remote("accesses", "who read what of the trail", Verb::kAccesses);
    paged(accesses), json(accesses);
  }

  void policy() {
    auto* group =
        app_.add_subcommand("policy", "check, test and explain policies; needs no collector");
    group->require_subcommand(1);
    auto* check = command(*group, "check", "is the file sound?", Verb::kPolicyCheck);
    check->add_option("file", out_.file, "policy, YAML")->required();
    json(check);
    auto* test = command(*group, "test", "run the cases kept beside the policy", Verb::kPolicyTest);
    test->add_option("file", out_.file, "policy, file of cases, or folder of them")->required();
    json(test);
    auto* explain =
        command(*group, "explain", "why a statement is judged as it is", Verb::kPolicyExplain);
    explain
        ->add_option("statement", out_.words,
                     "the statement; the policy's file may stand before it, if its name ends in .yaml")
        ->required();
    explain->add_option("--policy", out_.file, "policy, YAML (policy.yaml)");
    explain->add_option("--resource", out_.resource, "resource that it is sent to");
    explain->add_option("--schema", out_.schema, "schema of names without one (public)");
    explain->add_option("--parameter", out_.parameters, "bound value, in order; may be repeated");
    explain->add_option("--pod", out_.subject.pod, "subject's pod");
    explain->add_option("--namespace", out_.subject.pod_namespace, "its namespace");
    explain->add_option("--service-account", out_.subject.service_account, "its service account");
    json(explain);
  }

  Arguments& out_;
  CLI::App app_{"Chaperone: what agents did, may do and tried; and the proof of it."};
};

// "sessions) words='--since --until ...' ;;" for one command and its own.
void add_words(CLI::App& app, const std::string& path, std::string& cases) {
  std::string words;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    words += sub->get_name() + " ";
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words += "--" + name + " ";
  }
  cases += "    '" + path + "') words='" + words + "' ;;\n";
  for (CLI::App* sub : app.get_subcommands([](CLI::App*) { return true; })) {
    add_words(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), cases);
  }
}

// The word where a command should stand, if it is none of them: the library would name neither.
std::optional<std::string> unknown_command(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return {};
  auto all = [](const CLI::App*) { return true; };
  std::string word = argv[1];
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands(all)) {
    names.push_back(sub->get_name());
    if (word != sub->get_name()) continue;
    bool has_more = !sub->get_subcommands(all).empty();
    return has_more ? unknown_command(*sub, argc - 1, argv + 1) : std::nullopt;
  }
  std::vector<std::string_view> views(names.begin(), names.end());
  std::string nearest = config::nearest_word(word, views);
  return "no command \"" + word + "\"" +
         (nearest.empty() ? std::string() : "; did you mean \"" + nearest + "\"?");
}

// "policy explain FILE STATEMENT" is taken as well as "--policy FILE"; alone: policy.yaml.
void settle_policy_file(Arguments& arguments) {
  if (arguments.verb != Verb::kPolicyExplain || !arguments.file.empty()) return;
  auto is_file = [](const std::string& word) {
    return word.ends_with(".yaml") || word.ends_with(".yml");
  };
  arguments.file = "policy.yaml";
  if (arguments.words.size() < 2 || !is_file(arguments.words.front())) return;
  arguments.file = arguments.words.front();
  arguments.words.erase(arguments.words.begin());
}
}  // namespace

Parsed parse_arguments(int argc, char** argv) {
  Arguments arguments;
  Builder builder(arguments);
  if (auto unknown = unknown_command(builder.app(), argc, argv)) {
    std::fprintf(stderr, "chaperone: %s; chaperone --help names all\n", unknown->c_str());
    return {{}, kExitUsage};
  }
  try {
    builder.app().parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return {{}, builder.app().exit(error) == 0 ? kExitOk : kExitUsage};
  }
  settle_policy_file(arguments);
  return {std::move(arguments), kExitOk};
}

std::string bash_completion() {
  Arguments unused;
  Builder builder(unused);
  std::string cases;
  add_words(builder.app(), "", cases);
  return "# bash completion for chaperone\n"
         "_chaperone() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} path='' "
         "words='' word\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case $word in -*) break ;; esac\n"
         "    case \"$path $word\" in ' policy' | ' completion' | 'policy '* | ' '[a-z]*) \n"
         "      case $path in '' | policy) path=\"${path:+$path }$word\" ;; esac ;;\n"
         "    esac\n"
         "  done\n"
         "  case $previous in\n"
         "    --effect) COMPREPLY=($(compgen -W '" +
         std::string(kEffects) +
         "' -- \"$current\")); return ;;\n"
         "    --decision) COMPREPLY=($(compgen -W 'allow hold deny' -- \"$current\")); return ;;\n"
         "    --risk) COMPREPLY=($(compgen -W 'none low medium high critical' -- \"$current\")); "
         "return ;;\n"
         "    --status) COMPREPLY=($(compgen -W 'ok error refused skipped unknown' -- "
         "\"$current\")); return ;;\n"
         "    --token-file | --ca-file | --output | -o | --key | --policy) COMPREPLY=($(compgen -f "
         "-- \"$current\")); return ;;\n"
         "    --spool) COMPREPLY=($(compgen -d -- \"$current\")); return ;;\n"
         "    completion) COMPREPLY=($(compgen -W bash -- \"$current\")); return ;;\n"
         "  esac\n"
         "  case $path in\n" +
         cases +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "  case $path in verify | 'policy '*) case $current in -*) ;; *) COMPREPLY+=($(compgen -f "
         "-- \"$current\")) ;; esac ;; esac\n"
         "}\n"
         "complete -o filenames -F _chaperone chaperone\n";
}

}  // namespace chaperone::cli
