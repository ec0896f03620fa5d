#include "sidecar/ship/connection.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "sidecar/ship/limits.h"

namespace chaperone::ship {

namespace {
struct Free {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

std::int64_t now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

std::string tls_reason() {
  std::uint32_t code = ERR_peek_last_error();
  ERR_clear_error();
  const char* text = code ? ERR_reason_error_string(code) : nullptr;
  return text ? text : "the connection ended";
}

bool is_address(const std::string& host) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}
}  // namespace

Interrupt::Interrupt() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { CHECK(fd_ >= 0); }
Interrupt::~Interrupt() { ::close(fd_); }

void Interrupt::fire() {
  std::uint64_t one = 1;
  ssize_t done = ::write(fd_, &one, sizeof one);
  CHECK(done == sizeof one || errno == EAGAIN);
}

bool Interrupt::fired() const {
  pollfd state{fd_, POLLIN, 0};
  return ::poll(&state, 1, 0) > 0;
}

struct Connection::State {
  Place place;
  const Interrupt& interrupt;
  int fd = -1;
  std::unique_ptr<SSL_CTX, Free> context;
  std::unique_ptr<SSL, Free> ssl;

  State(const Place& the_place, const Interrupt& the_interrupt)
      : place(the_place), interrupt(the_interrupt) {}
  ~State() {
    ssl.reset();
    if (fd >= 0) ::close(fd);
  }

  Error failed(const std::string& what) const {
    return Error{"collector " + place.header + ": " + what};
  }
  Result<void> wait(short events, std::int64_t until_ms) const;
  Result<void> connect_any();
  Result<void> connect_one(const addrinfo& address);
  Result<void> prepare_tls(const std::string& ca_file);
  Result<void> handshake();
  Result<void> wait_for_tls(int result, std::int64_t until_ms) const;
};

Result<void> Connection::State::wait(short events, std::int64_t until_ms) const {
  pollfd states[2] = {{fd, events, 0}, {interrupt.fd(), POLLIN, 0}};
  while (true) {
    std::int64_t left_ms = until_ms - now_ms();
    if (left_ms <= 0) return failed("no answer in time");
    int ready = ::poll(states, 2, static_cast<int>(left_ms));
    if (ready < 0 && errno != EINTR) return failed(std::strerror(errno));
    if (states[1].revents != 0) return failed("interrupted");
    if (ready > 0 && states[0].revents != 0) return {};
  }
}

Result<void> Connection::State::connect_one(const addrinfo& address) {
  fd = ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return failed(std::strerror(errno));
  if (::connect(fd, address.ai_addr, address.ai_addrlen) == 0) return {};
  if (errno != EINPROGRESS) return failed(std::strerror(errno));
  if (auto waited = wait(POLLOUT, now_ms() + kStepMs); !waited) return waited;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return failed(std::strerror(error));
  return {};
}

Result<void> Connection::State::connect_any() {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  int code = ::getaddrinfo(place.host.c_str(), place.port.c_str(), &hints, &found);
  if (code != 0) return failed(std::string("cannot resolve its name: ") + ::gai_strerror(code));
  std::unique_ptr<addrinfo, Free> list(found);
  Result<void> last = failed("its name has no address");
  for (const addrinfo* address = list.get(); address && !interrupt.fired();
       address = address->ai_next) {
    if (last = connect_one(*address); last) return last;
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
  return last;
}

Result<void> Connection::State::prepare_tls(const std::string& ca_file) {
  context.reset(SSL_CTX_new(TLS_method()));
  CHECK(context);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  ERR_clear_error();
  if (SSL_CTX_load_verify_locations(context.get(), ca_file.c_str(), nullptr) != 1) {
    ERR_clear_error();
    return failed("cannot use the CA file " + ca_file + "; it must hold certificates in PEM");
  }
  ssl.reset(SSL_new(context.get()));
  CHECK(ssl);
  X509_VERIFY_PARAM* wanted = SSL_get0_param(ssl.get());
  bool named = is_address(place.host)
                   ? X509_VERIFY_PARAM_set1_ip_asc(wanted, place.host.c_str()) == 1
                   : SSL_set1_host(ssl.get(), place.host.c_str()) == 1 &&
                         SSL_set_tlsext_host_name(ssl.get(), place.host.c_str()) == 1;
  if (!named) return failed("its name cannot be verified");
  SSL_set_fd(ssl.get(), fd);
  return {};
}

Result<void> Connection::State::wait_for_tls(int result, std::int64_t until_ms) const {
  switch (SSL_get_error(ssl.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return wait(POLLIN, until_ms);
    case SSL_ERROR_WANT_WRITE:
      return wait(POLLOUT, until_ms);
    default:
      return failed(tls_reason());
  }
}

Result<void> Connection::State::handshake() {
  std::int64_t until_ms = now_ms() + kStepMs;
  while (true) {
    ERR_clear_error();
    int result = SSL_connect(ssl.get());
    if (result == 1) return {};
    bool refused = SSL_get_error(ssl.get(), result) == SSL_ERROR_SSL &&
                   ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_CERTIFICATE_VERIFY_FAILED;
    if (refused) {
      ERR_clear_error();
      return failed(std::string("its certificate is not trusted: ") +
                    X509_verify_cert_error_string(SSL_get_verify_result(ssl.get())) +
                    "; look at the CA file and at the name in the address");
    }
    if (auto waited = wait_for_tls(result, until_ms); !waited) return waited;
  }
}

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connection::~Connection() = default;

Result<std::unique_ptr<Connection>> Connection::open(const Place& place, const std::string& ca_file,
                                                     const Interrupt& interrupt) {
  auto state = std::make_unique<State>(place, interrupt);
  if (auto connected = state->connect_any(); !connected) return connected.error();
  if (auto prepared = state->prepare_tls(ca_file); !prepared) return prepared.error();
  if (auto shaken = state->handshake(); !shaken) return shaken.error();
  return std::unique_ptr<Connection>(new Connection(std::move(state)));
}

Result<void> Connection::send(std::string_view bytes) {
  constexpr std::size_t kWriteBytes = 16 * 1024;  // one TLS record: the time limit counts anew
  while (!bytes.empty()) {
    std::int64_t until_ms = now_ms() + kStepMs;
    std::size_t size = std::min(bytes.size(), kWriteBytes);
    int done = 0;
    while (ERR_clear_error(),
           (done = SSL_write(state_->ssl.get(), bytes.data(), static_cast<int>(size))) <= 0) {
      if (auto waited = state_->wait_for_tls(done, until_ms); !waited) return waited;
    }
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return {};
}

Result<std::size_t> Connection::receive(char* out, std::size_t size) {
  std::int64_t until_ms = now_ms() + kStepMs;
  while (true) {
    ERR_clear_error();
    int got = SSL_read(state_->ssl.get(), out, static_cast<int>(size));
    if (got > 0) return static_cast<std::size_t>(got);
    if (SSL_get_error(state_->ssl.get(), got) == SSL_ERROR_ZERO_RETURN) return std::size_t{0};
    if (auto waited = state_->wait_for_tls(got, until_ms); !waited) return waited.error();
  }
}

}  // namespace chaperone::ship
