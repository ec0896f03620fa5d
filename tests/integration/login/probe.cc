// Logs in at a real server with UpstreamLogin over blocking sockets, then asks who it is.
//
//   login_probe PORT ROLE FLOOR(any|md5|scram|plus) plain|tls [MINOR] [TIMES] [CERT KEY]
//
// The password comes in CHAPERONE_TEST_PASSWORD. Prints one line: what result() or error() says.
#include <arpa/inet.h>
#include <openssl/digest.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>

#include "proto-parsers/postgres/encode.h"
#include "proto-parsers/postgres/startup.h"
#include "sidecar/session/login.h"

using namespace chaperone;

namespace {

struct Arguments {
  int port;
  std::string role, floor;
  bool tls;
  std::uint16_t minor = 2;
  int times = 1;
  std::string certificate, key;
};

[[noreturn]] void die(const std::string& why) {
  std::cout << "probe: " << why << "\n";
  std::exit(2);
}

// A connection to 127.0.0.1, in clear or TLS.
class Wire {
 public:
  Wire(const Arguments& arguments) {
    fd_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(arguments.port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) die("connect");
    if (arguments.tls) start_tls(arguments);
  }
  ~Wire() { close(fd_); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  void send(const std::string& bytes) {
    const auto size = ssl_ ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                           : write(fd_, bytes.data(), bytes.size());
    if (size != static_cast<long>(bytes.size())) die("short write");
  }
  bool receive(std::string& into) {
    char piece[16384];
    const auto size =
        ssl_ ? SSL_read(ssl_.get(), piece, sizeof(piece)) : read(fd_, piece, sizeof(piece));
    if (size <= 0) return false;
    into.append(piece, static_cast<std::size_t>(size));
    return true;
  }
  // RFC 5929 tls-server-end-point of the test's certificate, which is signed with SHA-256.
  std::string end_point_hash() const {
    if (!ssl_) return {};
    bssl::UniquePtr<X509> certificate(SSL_get_peer_certificate(ssl_.get()));
    std::uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (!X509_digest(certificate.get(), EVP_sha256(), hash, &size)) die("no certificate hash");
    return std::string(as_text({hash, size}));
  }

 private:
  void start_tls(const Arguments& arguments) {
    std::string request;
    pg::append_ssl_request(request);
    send(request);
    char answer = 0;
    if (read(fd_, &answer, 1) != 1 || answer != 'S') die("the server has no TLS");
    context_.reset(SSL_CTX_new(TLS_method()));
    if (!arguments.certificate.empty()) {
      SSL_CTX_use_certificate_chain_file(context_.get(), arguments.certificate.c_str());
      SSL_CTX_use_PrivateKey_file(context_.get(), arguments.key.c_str(), SSL_FILETYPE_PEM);
    }
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), fd_);
    if (SSL_connect(ssl_.get()) != 1) die("TLS handshake");
  }

  int fd_;
  bssl::UniquePtr<SSL_CTX> context_;
  bssl::UniquePtr<SSL> ssl_;
};

LoginPlan plan_for(const Arguments& arguments, const Wire& wire) {
  const std::map<std::string, LoginFloor> floors = {{"any", LoginFloor::kAny},
                                                    {"md5", LoginFloor::kMd5},
                                                    {"scram", LoginFloor::kScram},
                                                    {"plus", LoginFloor::kScramPlus}};
  const char* password = std::getenv("CHAPERONE_TEST_PASSWORD");
  LoginPlan plan;
  plan.role = arguments.role;
  plan.database = "postgres";
  plan.settings = {{"application_name", "login probe"}, {"search_path", "a, b"}};
  plan.password = Secret(password ? password : "");
  plan.floor = floors.at(arguments.floor);
  plan.minor = arguments.minor;
  plan.over_tls = arguments.tls;
  plan.client_certificate = !arguments.certificate.empty();
  plan.end_point_hash = wire.end_point_hash();
  return plan;
}

// Calls `on_event` for each message until it says stop.
template <class OnEvent>
void read_messages(Wire& wire, std::string& buffer, OnEvent on_event) {
  pg::BackendParser parser;
  while (true) {
    const Step step = parser.next(as_bytes(buffer));
    if (step.kind == StepKind::kError) die(parser.error().reason);
    if (step.kind == StepKind::kNeedMore && !wire.receive(buffer)) die("the server hung up");
    const bool stop = step.kind == StepKind::kEvent && on_event(parser.event());
    buffer.erase(0, step.consumed);
    if (stop) return;
  }
}

std::string describe(const LoginResult& result, const ScramCache& cache) {
  std::string search_path, application;
  for (const auto& [name, value] : result.parameters) {
    if (name == "application_name") application = value;
  }
  return "done method=" + result.method + " minor=" + std::to_string(result.minor) +
         " key_bytes=" + std::to_string(result.cancel_secret.view().size()) +
         " application=" + application + " derivations=" + std::to_string(cache.derivations());
}

std::string who_am_i(Wire& wire, std::string& buffer) {
  std::string query, row;
  pg::append_query(query, "SELECT current_user || '/' || current_setting('search_path')");
  wire.send(query);
  pg::BackendParser parser;
  parser.set_row_mode(pg::RowMode::kEvents);
  while (true) {
    const Step step = parser.next(as_bytes(buffer));
    if (step.kind == StepKind::kError) die(parser.error().reason);
    if (step.kind == StepKind::kNeedMore && !wire.receive(buffer)) die("the server hung up");
    if (step.kind == StepKind::kEvent && parser.event().type == pg::BackendType::kDataRow) {
      Bytes value;
      bool null = false;
      pg::ValueReader values = parser.event().values();
      if (values.next(value, null)) row = as_text(value);
    }
    const bool ready =
        step.kind == StepKind::kEvent && parser.event().type == pg::BackendType::kReadyForQuery;
    buffer.erase(0, step.consumed);
    if (ready) return row;
  }
}

std::string log_in(const Arguments& arguments, ScramCache& cache) {
  Wire wire(arguments);
  UpstreamLogin login(plan_for(arguments, wire), &cache);
  auto packet = login.start();
  if (!packet) return "failed " + packet.error().message;
  wire.send(*packet);
  std::string buffer;
  LoginStep answer = LoginStep::kGoOn;
  read_messages(wire, buffer, [&](const pg::BackendMessage& message) {
    std::string out;
    answer = login.step(message, out);
    if (!out.empty()) wire.send(out);
    return answer != LoginStep::kGoOn;
  });
  if (answer == LoginStep::kFailed) {
    return "failed [" + login.sqlstate() + "] " + login.error().message;
  }
  const LoginResult result = login.take_result();
  const std::string who = who_am_i(wire, buffer);
  return describe(result, cache) + " who=" + who;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) die("login_probe PORT ROLE FLOOR plain|tls [MINOR] [TIMES] [CERT KEY]");
  Arguments arguments{.port = std::atoi(argv[1]),
                      .role = argv[2],
                      .floor = argv[3],
                      .tls = std::string(argv[4]) == "tls",
                      .certificate = argc > 8 ? argv[7] : "",
                      .key = argc > 8 ? argv[8] : ""};
  if (argc > 5) arguments.minor = static_cast<std::uint16_t>(std::atoi(argv[5]));
  if (argc > 6) arguments.times = std::atoi(argv[6]);
  ScramCache cache;
  std::string said;
  for (int i = 0; i < arguments.times; ++i) said = log_in(arguments, cache);
  std::cout << said << "\n";
  return said.starts_with("done") ? 0 : 1;
}
