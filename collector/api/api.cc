#include "collector/api/api.h"

#include <cstring>

#include "audit/text.h"
#include "collector/api/borrowed.h"
#include "collector/json.h"

namespace chaperone::collector {

HttpReply error_reply(int status, std::string_view code, std::string_view message) {
  JsonOut json;
  json.open('{').field("error", code).field("message", message).close('}');
  HttpReply reply;
  reply.status = status;
  reply.body = json.take();
  return reply;
}

const std::vector<Route>& Api::routes() {
  static const std::vector<Route> kRoutes = {
      {"POST", "/v1/enrol", Right::kWrite, kEnrolBodyBytesMax, &Api::enrol},
      {"POST", "/v1/batches", Right::kWrite, kBatchBytesMax, &Api::batches},
      {"GET", "/v1/sessions", Right::kRead, 0, &Api::sessions},
      {"GET", "/v1/sessions/{session}", Right::kRead, 0, &Api::session},
      {"GET", "/v1/records", Right::kRead, 0, &Api::records},
      {"GET", "/v1/tail", Right::kRead, 0, &Api::tail},
      {"GET", "/v1/export", Right::kExport, 0, &Api::export_trail},
      {"GET", "/v1/alarms", Right::kRead, 0, &Api::alarms},
      {"GET", "/v1/writers", Right::kRead, 0, &Api::writers},
      {"GET", "/v1/fleet", Right::kRead, 0, &Api::fleet},
      {"GET", "/v1/accesses", Right::kRead, 0, &Api::accesses},
      {"GET", "/v1/key", Right::kNone, 0, &Api::key},
      {"GET", "/v1/openapi.json", Right::kNone, 0, &Api::openapi},
      {"GET", "/healthz", Right::kNone, 0, &Api::healthz},
      {"GET", "/readyz", Right::kNone, 0, &Api::readyz},
      {"GET", "/metrics", Right::kMetrics, 0, &Api::metrics},
  };
  return kRoutes;
}

namespace {
std::string_view take_segment(std::string_view& path) {
  std::string_view segment = path.substr(0, path.find('/', 1));
  path.remove_prefix(segment.size());
  return segment;
}

// Segment by segment: no expression to go astray on a hostile path.
bool matches(std::string_view pattern, std::string_view path,
             std::map<std::string, std::string>& values) {
  values.clear();
  while (!pattern.empty() && !path.empty()) {
    std::string_view want = take_segment(pattern), have = take_segment(path);
    bool named = want.starts_with("/{");
    if (named && have.size() > 1)
      values[std::string(want.substr(2, want.size() - 3))] = have.substr(1);
    if (!named && want != have) return false;
    if (named && have.size() <= 1) return false;
  }
  return pattern.empty() && path.empty();
}

std::string_view bearer(const std::string& header) {
  constexpr std::string_view kScheme = "bearer ";  // RFC 9110: in any case, one blank or more
  std::string_view value = header;
  if (value.size() < kScheme.size()) return {};
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    char c = value[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c) != kScheme[i]) return {};
  }
  value.remove_prefix(kScheme.size());
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  return value;
}
}  // namespace

Api::Api(const ApiParts& parts)
    : parts_(parts),
      requests_(parts.requests_per_second, 2 * parts.requests_per_second, kTokensMax),
      wrong_tokens_(kWrongTokensPerSecond, kWrongTokensBurst, kAddressesMax) {
  CHECK(routes().size() <= kRoutesMax);
}

Api::~Api() = default;

void Api::stop() {
  stopping_ = true;
  parts_.store.wake();
}

const Token* Api::find_token(std::string_view text, Admission& admission, std::string& why) {
  admission.tokens = parts_.tokens.table();
  if (const Token* found = admission.tokens->find(text)) return found;
  if (!parts_.pod_tokens || !PodTokens::looks_like_one(text)) return nullptr;
  auto judged = parts_.pod_tokens->judge(text, wall_now_ns() / 1'000'000'000);
  if (judged) return (admission.pod_token = std::move(*judged)).get();
  why = "; " + judged.error().message;
  return nullptr;
}

Api::Admission Api::admit(HttpRequest& request) {
  Admission admission;
  bool known_path = false;
  const Route* found = nullptr;
  for (const Route& route : routes()) {
    if (!matches(route.path, request.path, request.path_values)) continue;
    known_path = true;
    if (request.method == route.method) {
      found = &route;
      break;
    }
  }
  auto refuse = [&](int status, std::string_view code, std::string_view message) -> Admission& {
    admission.refusal = error_reply(status, code, message);
    if (found) count(*found, status);
    return admission;
  };
  if (!known_path)
    return refuse(404, "no_such_path", "there is no such path; see /v1/openapi.json");
  if (!found)
    return refuse(405, "method", "this path does not take this method; see /v1/openapi.json");
  if (found->right != Right::kNone) {
    std::int64_t now_ns = wall_now_ns();
    std::string header = request.header("Authorization"), why;
    request.token = find_token(bearer(header), admission, why);
    if (!request.token) {
      ++refused_unauthenticated_;
      // Right tokens are never held up: who shares an address with a fool must not suffer for it.
      if (!wrong_tokens_.take(request.address, now_ns)) {
        return refuse(429, "wrong_tokens",
                      "too many wrong tokens came from this address; wait a minute");
      }
      return refuse(401, "token",
                    "a token that this collector knows is needed: Authorization: Bearer ..." + why);
    }
    if (!request.token->may(found->right)) {
      return refuse(403, "right",
                    "token " + request.token->name + " lacks the right \"" +
                        std::string(name_of(found->right)) + "\"");
    }
    if (!requests_.take(request.token->name, now_ns)) {
      return refuse(429, "rate", "too many requests with this token; try again in a second");
    }
  }
  admission.route = found;
  return admission;
}

HttpReply Api::handle(const Route& route, const HttpRequest& request) {
  HttpReply reply = (this->*route.handle)(request);
  count(route, reply.status);
  bool reads_trail = route.right == Right::kRead || route.right == Right::kExport;
  if (reads_trail) note_access(request, reply);
  return reply;
}

void Api::count(const Route& route, int status) {
  auto index = static_cast<std::size_t>(&route - routes().data());
  ++answered_[index][static_cast<std::size_t>(status / 100) % 6];
}

// Who read what. Polls that found nothing are not worth a line each.
void Api::note_access(const HttpRequest& request, const HttpReply& reply) {
  if (request.path == "/v1/tail" && reply.status == 200 && reply.items == 0) return;
  JsonOut json;
  json.open('{').field("at_ns", wall_now_ns()).field("token", request.token->name);
  json.field("address", request.address).field("path", request.path);
  json.field("query", std::string_view(request.query_text).substr(0, kParameterBytesMax));
  json.field("status", reply.status).field("items", reply.items).close('}');
  std::string frames;
  append_log_json(frames, LogTag::kAccess, json.str());
  parts_.store.note(std::move(frames));
}

Result<std::unique_ptr<Query>> Api::borrow() {
  {
    std::lock_guard lock(mutex_);
    if (!pool_.empty()) {
      auto query = std::move(pool_.back());
      pool_.pop_back();
      query->set_deadline_ms(kQueryMsMax);
      return query;
    }
  }
  auto query = Query::open(parts_.store.index_path(), parts_.store.log_dir());
  if (query) (*query)->set_deadline_ms(kQueryMsMax);
  return query;
}

void Api::give_back(std::unique_ptr<Query> query) {
  std::lock_guard lock(mutex_);
  if (pool_.size() < kThreads) pool_.push_back(std::move(query));
}

bool Api::damaged(const RecordRow& row, const Error& error) {
  if (!error.message.starts_with(kDamagedText)) return false;
  parts_.alarms.raise(AlarmKind::kStoreDamaged, row.writer,
                      static_cast<std::uint64_t>(row.sequence), error.message);
  return true;
}

HttpReply Api::failed(const Query& query, const Error& error) {
  if (query.timed_out()) {
    return error_reply(503, "too_slow",
                       "the search took too long; narrow it by time, pod or resource");
  }
  return error_reply(500, "store", error.message);
}

}  // namespace chaperone::collector
