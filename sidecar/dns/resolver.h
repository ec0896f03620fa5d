#pragma once
// The pod's resolver (resource): takes a client's message, whatever server it was meant for, and
// answers from the policy, from the cache, or by asking the operator's servers. What the agent is
// told is put together from what was understood; bytes are never passed on.
//
//   name not allowed          NXDOMAIN, so that search lists go on        (RFC 8914: Blocked)
//   type not allowed          REFUSED                                     (Prohibited)
//   looks like a tunnel       REFUSED                                     (Prohibited)
//   an address out of bounds  NXDOMAIN: rebinding                         (Blocked)
//   no server answered        SERVFAIL                                    (Network Error)

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proto-parsers/dns/encode.h"
#include "sidecar/dns/bindings.h"
#include "sidecar/dns/cache.h"
#include "sidecar/dns/tunnel_guard.h"
#include "sidecar/dns/upstream.h"
#include "sidecar/policy/policy.h"

namespace chaperone::dns {

// One question and what became of it. Views live for the call.
struct Asked {
  const Question& question;
  bool allowed = false;
  bool observed = false;    // passes under observe alone
  std::string_view rule;    // the policy line that spoke
  std::string_view reason;  // of a refusal
};

// Who keeps the record. False: it could not be kept, so the question is not answered.
class NameLog {
 public:
  virtual bool asked(const Asked& asked) = 0;

 protected:
  ~NameLog() = default;
};

struct Counters {
  std::uint64_t allowed = 0, denied = 0, malformed = 0, cached = 0, asked_upstream = 0;
  std::uint64_t failed = 0;     // no server answered
  std::uint64_t tunnels = 0;    // refused by the tunnel guard (also in denied)
  std::uint64_t rebindings = 0; // answers withheld for their addresses
};

class Resolver {
 public:
  // `servers`, `bindings` and `log` outlive it.
  Resolver(net::Loop& loop, const std::vector<net::Address>& servers, Bindings& bindings,
           NameLog& log, std::shared_ptr<const policy::Policy> policy);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Once, at once or from the loop, but never where this is gone or `message` deserves no answer.
  using OnReply = std::function<void(const std::string& message)>;
  void ask(Bytes message, bool by_tcp, OnReply on_reply);

  void set_policy(std::shared_ptr<const policy::Policy> policy);
  const Counters& counters() const { return counters_; }
  std::size_t pending() const { return pending_.size(); }

 private:
  struct Waiter {
    std::string message;
    bool by_tcp = false;
    OnReply on_reply;
  };
  struct Pending {
    std::unique_ptr<Asking> asking;
    std::vector<Waiter> waiters;
  };
  struct Order {
    bool operator()(const Question& a, const Question& b) const {
      return a.type != b.type ? a.type < b.type : a.name < b.name;
    }
  };
  using PendingMap = std::map<Question, Pending, Order>;

  struct Refusal {
    Rcode rcode = Rcode::kRefused;
    Why why = Why::kProhibited;
    std::string_view rule, reason;
  };
  std::optional<Refusal> judge(const Question& question, policy::NameVerdict& verdict);
  void refuse(const Query& query, const Refusal& refusal, bool by_tcp, const OnReply& on_reply);
  void wait(const Query& query, Waiter waiter);
  void answered(const Question& question, Result<Answer> result);
  std::shared_ptr<const Answer> checked(const Question& question, Answer answer);
  bool addresses_allowed(const Question& question, const Answer& answer) const;
  void bind(const Question& question, const Answer& answer, std::uint32_t age_s);

  net::Loop& loop_;
  const std::vector<net::Address>& servers_;
  Bindings& bindings_;
  NameLog& log_;
  std::shared_ptr<const policy::Policy> policy_;
  Cache cache_;
  TunnelGuard guard_;
  PendingMap pending_;
  Counters counters_;
};

}  // namespace chaperone::dns
