#pragma once
// The collector's API: which request is answered how, to whom. openapi.json describes the same to
// its users; a test compares both with a running server.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "collector/api/http.h"
#include "collector/ingest/ingest.h"
#include "collector/pod_tokens.h"
#include "collector/rate.h"
#include "collector/store/query.h"
#include "collector/store/store.h"
#include "collector/tokens.h"

namespace chaperone::collector {

struct ApiParts {
  Store& store;
  Ingest& ingest;
  Alarms& alarms;
  TokenFile& tokens;
  const audit::SigningKey& key;
  std::string version;
  PodTokens* pod_tokens = nullptr;  // null: Kubernetes' tokens are nobody's
  double requests_per_second = kRequestsPerSecond;
};

class Api;
struct Route {
  const char* method;
  const char* path;  // "{name}" stands for one segment
  Right right;       // kNone: open to all
  std::size_t body_bytes_max;
  HttpReply (Api::*handle)(const HttpRequest&);
};

class Api {
 public:
  explicit Api(const ApiParts& parts);
  ~Api();

  // What a request may do is known before its body is read: null and `refusal` if nothing.
  // On success path_values and token are set; the admission keeps the token alive.
  struct Admission {
    const Route* route = nullptr;
    std::shared_ptr<const TokenTable> tokens;
    std::shared_ptr<const Token> pod_token;
    HttpReply refusal;
  };
  Admission admit(HttpRequest& request);
  // REQUIRES: admitted.
  HttpReply handle(const Route& route, const HttpRequest& request);

  // Long polls end at once from now on.
  void stop();
  static const std::vector<Route>& routes();

 private:
  class Borrowed;  // a Query from the pool, given back at the end
  friend class Borrowed;

  // info.cc
  HttpReply openapi(const HttpRequest&);
  HttpReply key(const HttpRequest&);
  HttpReply healthz(const HttpRequest&);
  HttpReply readyz(const HttpRequest&);
  HttpReply metrics(const HttpRequest&);
  // send.cc
  HttpReply enrol(const HttpRequest&);
  HttpReply batches(const HttpRequest&);
  // trail.cc
  HttpReply records(const HttpRequest&);
  HttpReply tail(const HttpRequest&);
  HttpReply sessions(const HttpRequest&);
  HttpReply session(const HttpRequest&);
  // lists.cc
  HttpReply writers(const HttpRequest&);
  HttpReply fleet(const HttpRequest&);
  HttpReply alarms(const HttpRequest&);
  HttpReply accesses(const HttpRequest&);
  // export.cc
  HttpReply export_trail(const HttpRequest&);

  // Null: `why` may say more than that nobody has such a token.
  const Token* find_token(std::string_view text, Admission& admission, std::string& why);
  Result<std::unique_ptr<Query>> borrow();
  void give_back(std::unique_ptr<Query> query);
  HttpReply failed(const Query& query, const Error& error);
  // Damage found while a record was read becomes an alarm; false: the error is another one.
  bool damaged(const RecordRow& row, const Error& error);
  HttpReply page_of_records(const HttpRequest& request, const Filter& filter, const Page& page);
  void note_access(const HttpRequest& request, const HttpReply& reply);
  void count(const Route& route, int status);

  ApiParts parts_;
  RateLimit requests_, wrong_tokens_;
  std::mutex mutex_;  // the pool
  std::vector<std::unique_ptr<Query>> pool_;
  std::atomic<std::size_t> tails_ = 0;
  std::atomic<bool> stopping_ = false;
  static constexpr std::size_t kRoutesMax = 32;
  std::array<std::array<std::atomic<std::uint64_t>, 6>, kRoutesMax> answered_{};  // by status / 100
  std::atomic<std::uint64_t> refused_unauthenticated_ = 0;
};

}  // namespace chaperone::collector
