#include "injector/prove.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <thread>

#include "injector/json.h"
#include "injector/json_edit.h"
#include "injector/names.h"
#include "injector/own_parts.h"

namespace chaperone::injector {

namespace {
std::string pods_path(const ProofTerms& terms) {
  return "/api/v1/namespaces/" + terms.agents_namespace + "/pods?dryRun=All";
}

// A pod as an author would write it; `more` is further of its spec.
std::string pod_text(const ProofTerms& terms, const std::string& more) {
  std::string account = terms.service_account.empty() ? "default" : terms.service_account;
  return R"({"apiVersion":"v1","kind":"Pod","metadata":{"generateName":"chaperone-proof-",)"
         R"("annotations":{"chaperone.dev/inject":"true","chaperone.dev/policy":)" +
         injector::in_quotes(terms.policy) + R"(}},"spec":{"serviceAccountName":)" + injector::in_quotes(account) +
         R"(,"containers":[{"name":"agent","image":"example.test/agent"}])" + more + "}}";
}

Result<void> prove_injection(KubeApi& kube, const ProofTerms& terms) {
  auto answer = kube.request("POST", pods_path(terms), pod_text(terms, ""));
  if (!answer) return answer.error();
  auto pod = JsonText::parse(answer->body, "the API server's answer");
  if (!pod) return pod.error();
  if (answer->status != 201) {
    return Error{"a plain pod is refused in namespace " + terms.agents_namespace + ": " +
                 std::string(text_of(member(&pod->root(), "message")))};
  }
  const Json* first = at(&pod->root(), {"spec", "initContainers"});
  if (!named(first, kInitName) || !named(first, kSidecarName)) {
    return Error{"a pod with the annotation chaperone.dev/inject came out without a sidecar; is the "
                 "webhook configuration chaperone-injector there?"};
  }
  return {};
}

Result<void> prove_refusal(KubeApi& kube, const ProofTerms& terms) {
  auto answer = kube.request("POST", pods_path(terms), pod_text(terms, R"(,"hostNetwork":true)"));
  if (!answer) return answer.error();
  if (answer->status < 400) return Error{"a pod with the node's network was let in"};
  if (answer->body.find("spec.hostNetwork") == std::string::npos)
    return Error{"a pod with the node's network was refused, but not by Chaperone: " + answer->body};
  return {};
}

// Error: the collector does not answer as it should; false: not yet.
Result<bool> has_record(KubeApi& collector, const ProofTerms& terms) {
  auto answer = collector.request("GET", "/v1/records?kind=connect_denied&limit=1&pod=" + terms.pod +
                                             "&namespace=" + terms.agents_namespace);
  if (!answer) return answer.error();
  if (answer->status != 200)
    return Error{"the collector answers " + std::to_string(answer->status) + ": " + answer->body};
  auto page = JsonText::parse(answer->body, "the collector's answer");
  if (!page) return page.error();
  return count_of(member(&page->root(), "records")) > 0;
}

Result<void> prove_record(KubeApi& collector, const ProofTerms& terms) {
  auto until = std::chrono::steady_clock::now() + terms.patience;
  std::string last = "there is no record of it";
  do {
    auto found = has_record(collector, terms);
    if (found.ok() && *found) return {};
    if (!found.ok()) last = found.error().message;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  } while (std::chrono::steady_clock::now() < until);
  return Error{"pod " + terms.pod + " was refused a connection, and the collector does not say so: " +
               last + "; look at the log of its container chaperone"};
}
}  // namespace

Result<void> prove(KubeApi& kube, KubeApi& collector, const ProofTerms& terms,
                   const std::function<void(const std::string&)>& tell) {
  if (auto injected = prove_injection(kube, terms); !injected) return injected;
  tell("injection: a pod in namespace " + terms.agents_namespace + " gets the sidecar");
  if (auto refused = prove_refusal(kube, terms); !refused) return refused;
  tell("refusal: a pod with the node's network is not let in, and told why");
  if (auto recorded = prove_record(collector, terms); !recorded) return recorded;
  tell("record: what pod " + terms.pod + " was refused is in the collector's trail");
  return {};
}

namespace {
constexpr int kExitFailed = 1, kExitUsage = 2;

struct Flags {
  ProofTerms terms;
  std::string collector, collector_ca, collector_token;
  std::string kube_api, kube_ca, kube_token;
  std::string trust_file = std::string(kTrustPath) + "/ca.pem";
  int seconds = 90;
};

void say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

Result<void> run_prove(Flags& flags) {
  flags.terms.patience = std::chrono::seconds(flags.seconds);
  auto kube_place = flags.kube_api.empty()
                        ? place_in_pod()
                        : place_of(flags.kube_api, flags.kube_ca, flags.kube_token);
  if (!kube_place) return kube_place.error();
  auto place = place_of(flags.collector, flags.collector_ca, flags.collector_token);
  if (!place) return place.error();
  auto kube = open_kube_api(*kube_place), collector = open_kube_api(*place);
  if (!kube || !collector) return kube ? collector.error() : kube.error();
  return prove(**kube, **collector, flags.terms, say);
}

void declare(CLI::App& prove, Flags& flags) {
  prove.add_option("--namespace", flags.terms.agents_namespace, "of agents")->required();
  prove.add_option("--policy", flags.terms.policy, "that pods there may name")->required();
  prove.add_option("--service-account", flags.terms.service_account, "that may");
  prove.add_option("--pod", flags.terms.pod, "that knocked")->required();
  prove.add_option("--seconds", flags.seconds, "for its record to come")->capture_default_str();
  prove.add_option("--collector", flags.collector, "https://host:port")->required();
  prove.add_option("--collector-ca", flags.collector_ca, "PEM")->required();
  prove.add_option("--collector-token", flags.collector_token, "file, of a reader")->required();
  prove.add_option("--kube-api", flags.kube_api, "https://host:port; in a pod it is known");
  prove.add_option("--kube-ca", flags.kube_ca, "with --kube-api");
  prove.add_option("--kube-token", flags.kube_token, "file, with --kube-api");
}
}  // namespace

int run_proof(int argc, char** argv) {
  CLI::App app{"What helm test runs"};
  app.require_subcommand(1);
  Flags flags;
  auto* proving = app.add_subcommand("prove", "injection, refusal, a record in the collector");
  declare(*proving, flags);
  auto* knocking = app.add_subcommand("knock", "in an agent's pod: is refused a connection");
  knocking->add_option("--trust-file", flags.trust_file, "")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  auto done = proving->parsed() ? run_prove(flags) : knock(flags.trust_file);
  if (done) return 0;
  std::fprintf(stderr, "chaperone-injector: %s\n", done.error().message.c_str());
  return kExitFailed;
}

}  // namespace chaperone::injector
