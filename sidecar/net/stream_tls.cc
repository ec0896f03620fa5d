#include "sidecar/net/stream_impl.h"

namespace chaperone::net {

namespace {

// A gated command of many megabytes is encrypted in slices, so that the loop's buffer stays small.
constexpr std::size_t kSliceBytes = kReadBufferBytes;

}  // namespace

void Stream::start_tls_server(TlsServer& server, std::vector<std::string> names,
                              Bytes already_read) {
  StreamImpl& impl = StreamImpl::of(*this);
  if (impl.is_closing) return;
  impl.start_tls(TlsEngine::server(server, std::move(names)));
  if (impl.is_closing) return;
  impl.tls->give(already_read);
  impl.tls->keep();
  impl.kick();
}

void Stream::start_tls_client(TlsClient& client, const std::string& name) {
  StreamImpl& impl = StreamImpl::of(*this);
  if (impl.is_closing) return;
  impl.start_tls(TlsEngine::client(client, name, impl.peer_address.to_string()));
  if (!impl.is_closing) impl.kick();
}

void StreamImpl::start_tls(Result<std::unique_ptr<TlsEngine>> engine) {
  CHECK(!tls);
  if (!engine.ok()) return fail(engine.error().message);
  tls = std::move(engine).value();
}

void StreamImpl::on_cipher(Bytes bytes) {
  tls->give(bytes);
  pump_tls();
}

// Goes on until ciphertext runs out, or the observer pauses or closes.
void StreamImpl::pump_tls() {
  if (tls->secure() || pump_handshake()) {
    while (!is_paused && !is_closing && !peer_ended && pump_plain()) continue;
  }
  if (is_closing) return;
  tls->keep();
  if (read_ended && !is_paused) on_peer_end();
}

bool StreamImpl::pump_handshake() {
  TlsEngine::Step step = tls->handshake(on_loop->cipher_buffer());
  send_cipher();
  if (step == TlsEngine::Step::kFailed) fail(tls->error());
  if (step != TlsEngine::Step::kDone || is_closing) return false;
  if (observer) observer->on_secure();
  return !is_closing;
}

// One delivery. True where more may follow without further ciphertext.
bool StreamImpl::pump_plain() {
  std::uint8_t* plain = on_loop->plain_buffer();
  std::size_t size = 0;
  TlsEngine::Step step = tls->read(plain, kReadBufferBytes, size, on_loop->cipher_buffer());
  send_cipher();
  if (size > 0 && !is_closing) observer->on_bytes({plain, size});
  if (is_closing || step == TlsEngine::Step::kMore) return false;
  if (step == TlsEngine::Step::kFailed) fail(tls->error());
  if (step == TlsEngine::Step::kEnded && !is_paused) on_peer_end();
  return step == TlsEngine::Step::kDone || step == TlsEngine::Step::kEnded;
}

void StreamImpl::write_tls(Bytes bytes) {
  // A refusal in mid-handshake, and nobody who could read it: the close behind it has to tell.
  if (!tls->secure()) return;
  while (!bytes.empty() && !is_closing && !write_broken) {
    Bytes slice = bytes.first(std::min(bytes.size(), kSliceBytes));
    if (!tls->write(slice, on_loop->cipher_buffer())) fail(tls->error());
    send_cipher();
    bytes = bytes.subspan(slice.size());
  }
}

void StreamImpl::send_cipher() {
  std::string& cipher = on_loop->cipher_buffer();
  if (!cipher.empty() && !is_closing && !write_broken) send_raw(as_bytes(cipher));
  cipher.clear();
}

// What lies decrypted or kept in the engine is delivered from the loop, not from resume().
void StreamImpl::kick() {
  if (kicked) return;
  kicked = true;
  on_loop->soon([this] { continue_tls(); });
}

void StreamImpl::continue_tls() {
  kicked = false;
  if (is_closing) return dispose_if_done();
  if (discarding) return;
  bool client_hello_due = tls && !tls->secure();
  if (tls && (!is_paused || client_hello_due)) pump_tls();
  if (early && !is_paused && !is_closing) deliver_early();
}

bool Stream::secure() const {
  const StreamImpl& impl = StreamImpl::of(*this);
  return impl.tls && impl.tls->secure();
}
std::string_view Stream::alpn() const {
  return secure() ? StreamImpl::of(*this).tls->alpn() : std::string_view();
}
std::string_view Stream::server_name() const {
  const StreamImpl& impl = StreamImpl::of(*this);
  return impl.tls ? impl.tls->server_name() : std::string_view();
}
std::string Stream::tls_server_end_point() const {
  return secure() ? StreamImpl::of(*this).tls->end_point_hash() : std::string();
}
std::string Stream::tls_description() const {
  return secure() ? StreamImpl::of(*this).tls->description() : std::string();
}

}  // namespace chaperone::net
