// chaperone-collector: flags, wiring, run, drain.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <thread>

#include "audit/checkpoint.h"
#include "audit/text.h"
#include "collector/cluster_keys.h"
#include "collector/dev_tls.h"
#include "collector/http_server.h"
#include "collector/ingest/store_check.h"
#include "collector/key_file.h"

namespace chaperone::collector {

namespace {
struct Flags {
  std::string data = "/var/lib/chaperone-collector";
  std::string listen = "0.0.0.0:8443";
  std::string tokens, certificate, key;
  bool dev_tls = false;
  std::vector<std::string> dev_names;
  std::uint32_t retention_days = kRetentionDays;
  std::uint64_t store_bytes_max = 0;
  std::size_t threads = kThreads;
  double requests_per_second = kRequestsPerSecond;
  PodTokenTerms pod_tokens;  // no audience: none are taken
  std::string kube_api, kube_ca, kube_token;
};

struct TokenFlags {
  std::string name, rights = "read", append_to;
  std::vector<std::string> claims;
};

constexpr int kExitUsage = 2;
constexpr int kExitFailed = 1;

int fail(const Error& error) {
  std::fprintf(stderr, "chaperone-collector: %s\n", error.message.c_str());
  return kExitFailed;
}

Result<ServerOptions> server_options(const Flags& flags) {
  ServerOptions options;
  auto colon = flags.listen.rfind(':');
  if (colon == std::string::npos) return Error{"--listen wants address:port, not " + flags.listen};
  options.host = flags.listen.substr(0, colon);
  if (options.host.starts_with('[') && options.host.ends_with(']'))
    options.host = options.host.substr(1, options.host.size() - 2);
  const char* port_end = flags.listen.data() + flags.listen.size();
  auto [end, error] = std::from_chars(flags.listen.data() + colon + 1, port_end, options.port);
  if (error != std::errc() || end != port_end || options.port < 0 || options.port > 65535) {
    return Error{"--listen wants address:port, not " + flags.listen};
  }
  options.threads = flags.threads;
  options.certificate_file = flags.certificate;
  options.key_file = flags.key;
  if (!flags.dev_tls) {
    if (!flags.certificate.empty() && !flags.key.empty()) return options;
    return Error{"--certificate and --key are needed (or --dev-tls to try things out)"};
  }
  auto files = dev_tls(flags.data + "/tls", flags.dev_names);
  if (!files) return files.error();
  options.certificate_file = files->certificate_file;
  options.key_file = files->key_file;
  return options;
}

// Keeps the keys of the API server known. For one thread.
class KeyWatch {
 public:
  KeyWatch(PodTokens& tokens, ClusterPlace place) : tokens_(tokens), place_(std::move(place)) {}
  // One look, when it is time for one.
  Result<void> look(std::int64_t now_s) {
    std::int64_t every_s = tokens_.wants_keys() ? kKeysWantedEveryS : kKeysEveryS;
    if (tried_ && now_s - asked_s_ < every_s) return last_;
    tried_ = true, asked_s_ = now_s;
    auto fetched = fetch_keys(place_);
    if (fetched) tokens_.trust(std::move(fetched->keys), std::move(fetched->issuer));
    last_ = fetched ? Result<void>() : Result<void>(fetched.error());
    return last_;
  }

 private:
  PodTokens& tokens_;
  const ClusterPlace place_;
  bool tried_ = false;
  std::int64_t asked_s_ = 0;
  Result<void> last_;
};

// Tokens are read again, the log is read for damage, silence is looked for and old files are
// forgotten, until stopped.
class Housekeeping {
 public:
  Housekeeping(Store& store, Alarms& alarms, Ingest& ingest, TokenFile& tokens, KeyWatch* keys,
               std::uint32_t retention_days)
      : store_(store),
        check_(store, alarms),
        ingest_(ingest),
        tokens_(tokens),
        keys_(keys),
        retention_days_(retention_days),
        thread_([this] { run(); }) {}
  ~Housekeeping() {
    {
      std::lock_guard lock(mutex_);
      ending_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (std::uint64_t round = 0; !ending_; ++round) {
      lock.unlock();
      once(round);
      lock.lock();
      wake_.wait_for(lock, std::chrono::seconds(1), [&] { return ending_; });
    }
  }

  void once(std::uint64_t round) {
    if (auto read = tokens_.refresh(); !read) complain(read.error());
    if (auto looked = keys_ ? keys_->look(wall_now_ns() / 1'000'000'000) : Result<void>(); !looked)
      complain(looked.error());
    if (auto checked = check_.step(wall_now_ns()); !checked) complain(checked.error());
    if (round % 10 == 0) ingest_.look_for_silence(wall_now_ns());
    if (round % 600 != 0 || retention_days_ == 0) return;
    auto done = store_.forget_before(wall_now_ns() -
                                     std::int64_t{retention_days_} * 86'400 * 1'000'000'000);
    if (!done) complain(done.error());
  }

  // The same trouble is said once, not every second.
  void complain(const Error& error) {
    if (error.message != last_complaint_)
      std::fprintf(stderr, "chaperone-collector: %s\n", error.message.c_str());
    last_complaint_ = error.message;
  }

  Store& store_;
  StoreCheck check_;
  Ingest& ingest_;
  TokenFile& tokens_;
  KeyWatch* const keys_;
  const std::uint32_t retention_days_;
  std::string last_complaint_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;
  std::thread thread_;
};

void report_start(const Store& store, const HttpServer& server, const Flags& flags,
                  const audit::PublicKey& key) {
  std::string host = flags.listen.substr(0, flags.listen.rfind(':'));
  std::uint64_t torn = store.status().torn_bytes;
  if (torn != 0) {
    std::fprintf(stderr,
                 "chaperone-collector: %llu bytes of an unfinished write were passed over\n",
                 static_cast<unsigned long long>(torn));
  }
  if (flags.dev_tls) {
    std::fprintf(stderr, "chaperone-collector: development TLS; clients need --ca-file %s/tls/ca.pem\n",
                 flags.data.c_str());
  }
  std::printf("listening on https://%s:%d\npublic key %s\n", host.c_str(), server.port(),
              audit::hex(key).c_str());
  std::fflush(stdout);
}

Result<std::unique_ptr<KeyWatch>> key_watch(const Flags& flags, PodTokens& tokens) {
  if (flags.pod_tokens.audience.empty()) return std::unique_ptr<KeyWatch>();
  auto place = flags.kube_api.empty() ? cluster_of_pod()
                                      : cluster_at(flags.kube_api, flags.kube_ca, flags.kube_token);
  if (!place) return place.error();
  return std::make_unique<KeyWatch>(tokens, std::move(*place));
}

int serve(const Flags& flags) {
  ::umask(0077);  // the index too is for the collector alone
  // Signals go to one thread, so that stopping is ordinary code.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  if (auto made = make_dir(flags.data); !made) return fail(made.error());
  auto key = load_or_make_key(flags.data + "/collector.key");
  if (!key) return fail(key.error());
  auto tokens = TokenFile::open(flags.tokens);
  if (!tokens) return fail(tokens.error());
  auto options = server_options(flags);
  if (!options) return fail(options.error());
  PodTokens pod_tokens(flags.pod_tokens);
  auto keys = key_watch(flags, pod_tokens);
  if (!keys) return fail(keys.error());
  auto store = Store::open({flags.data, kLogFileBytes, flags.store_bytes_max}, key->public_key());
  if (!store) return fail(store.error());

  Alarms alarms(**store, flags.data + "/evidence");
  if ((*store)->status().log_short) {
    alarms.raise(AlarmKind::kStoreDamaged, {}, 0, "the log is shorter than what was acknowledged");
  }
  StoreCheck(**store, alarms).report((*store)->damages());
  Ingest ingest(**store, alarms, *key);
  Api api({**store, ingest, alarms, **tokens, *key, CHAPERONE_VERSION,
           *keys ? &pod_tokens : nullptr, flags.requests_per_second});
  auto server = HttpServer::open(*options, api);
  if (!server) return fail(server.error());
  Housekeeping housekeeping(**store, alarms, ingest, **tokens, keys->get(), flags.retention_days);
  report_start(**store, **server, flags, key->public_key());

  std::thread stopper([&] {
    int got = 0;
    sigwait(&signals, &got);
    api.stop();
    (*server)->stop();
  });
  bool served = (*server)->run();
  if (!served) ::kill(::getpid(), SIGTERM);  // ends the stopper
  stopper.join();
  return served ? 0 : kExitFailed;
}

int make_token(const TokenFlags& flags) {
  auto minted = mint_token(flags.name, flags.rights, flags.claims);
  if (!minted) return fail(minted.error());
  if (flags.append_to.empty()) {
    std::printf("%s\n%s\n", minted->token.c_str(), minted->line.c_str());
    return 0;
  }
  auto content = ::access(flags.append_to.c_str(), F_OK) == 0
                     ? read_file(flags.append_to, kTokenFileBytesMax)
                     : Result<std::string>(std::string());
  if (!content) return fail(content.error());
  if (!content->empty() && content->back() != '\n') *content += '\n';
  *content += minted->line + "\n";
  if (auto table = TokenTable::parse(*content); !table) return fail(table.error());
  if (auto written = write_file_whole(flags.append_to, *content); !written)
    return fail(written.error());
  std::printf("%s\n", minted->token.c_str());
  return 0;
}

int run(int argc, char** argv) {
  Flags flags;
  TokenFlags token;
  CLI::App app("Takes in, keeps and serves the records of Chaperone's sidecars.");
  app.require_subcommand(1);
  app.set_version_flag("--version", "chaperone-collector " CHAPERONE_VERSION);

  auto* serving = app.add_subcommand("serve", "run the collector");
  serving->add_option("--data", flags.data, "folder of the store and the key")
      ->capture_default_str();
  serving->add_option("--listen", flags.listen, "address:port; port 0 takes a free one")
      ->capture_default_str();
  serving->add_option("--tokens", flags.tokens, "token file; see 'chaperone-collector token'")
      ->required();
  serving->add_option("--pod-tokens", flags.pod_tokens.audience,
                      "take Kubernetes' tokens for this audience, of pods, as writers'");
  serving->add_option("--pod-namespace", flags.pod_tokens.namespaces,
                      "of whose pods; may be repeated");
  serving->add_option("--kube-api", flags.kube_api, "https://host:port; in a pod it is known");
  serving->add_option("--kube-ca", flags.kube_ca, "with --kube-api");
  serving->add_option("--kube-token", flags.kube_token, "file, with --kube-api");
  serving->add_option("--certificate", flags.certificate, "server certificate with its chain, PEM");
  serving->add_option("--key", flags.key, "its key, PEM");
  serving->add_flag("--dev-tls", flags.dev_tls,
                    "make a CA and a certificate under the data folder");
  serving->add_option("--dev-name", flags.dev_names, "with --dev-tls: further names or addresses");
  serving
      ->add_option("--retention-days", flags.retention_days, "records are deleted after; 0: never")
      ->capture_default_str();
  serving->add_option("--store-bytes-max", flags.store_bytes_max,
                      "beyond it batches are refused; 0: no bound");
  serving->add_option("--threads", flags.threads, "requests served at once")
      ->capture_default_str()
      ->check(CLI::Range(4, 1024));
  serving->add_option("--requests-per-second", flags.requests_per_second, "of one token")
      ->capture_default_str();

  auto* minting =
      app.add_subcommand("token", "make a token: prints it, and the line for the token file");
  minting->add_option("name", token.name, "who holds it")->required();
  minting->add_option("--rights", token.rights, "write, read, export, metrics; separated by commas")
      ->capture_default_str();
  minting->add_option("--claim", token.claims,
                      "key=value that a writer is vouched for: pod=..., namespace=...");
  minting->add_option("--append", token.append_to,
                      "add the line to this token file and print the token alone");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  return serving->parsed() ? serve(flags) : make_token(token);
}
}  // namespace
}  // namespace chaperone::collector

int main(int argc, char** argv) { return chaperone::collector::run(argc, argv); }
