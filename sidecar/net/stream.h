#pragma once
// One TCP connection, plain or under TLS (resource).
//
//   open -> ending (end(): what is queued goes out, then FIN) -> open for reading
//   open or ending -> closing (close(), reset(), an error, both halves ended) -> on_closed()
//
// Ownership: a StreamPtr owns. Letting it go resets nothing politely: the connection is closed at
// once, queued bytes are lost, and the observer hears nothing more. The memory itself goes when
// libuv has let go of the handle, so that a stream may be let go in any callback, its own too.
//
// Order: an observer is called from the loop only, never from inside a call on a stream. So no call
// below can destroy its caller, and what fails is told later, by on_closed().

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/base/bytes.h"
#include "proto-parsers/base/result.h"
#include "sidecar/net/address.h"
#include "sidecar/net/loop.h"

namespace chaperone::net {

class Stream;
class TlsClient;
class TlsServer;

class StreamObserver {
 public:
  // One read, at most kReadBufferBytes. `bytes` lie in the loop's buffer until this returns.
  virtual void on_bytes(Bytes bytes) = 0;
  // The peer has ended its half; our half stays open. Not called where the connection broke.
  virtual void on_end() = 0;
  // All that was queued is with the kernel, after the queue had been over its mark.
  virtual void on_drained() {}
  // The TLS handshake is done: from here on on_bytes() and write() are plaintext.
  virtual void on_secure() {}
  // Once, and the last call. Null: both halves ended, or we closed it. The stream may (and should)
  // be let go in it.
  virtual void on_closed(const Error* why) = 0;

 protected:
  ~StreamObserver() = default;
};

struct StreamLetGo {
  void operator()(Stream* stream) const;
};
using StreamPtr = std::unique_ptr<Stream, StreamLetGo>;

// Where a redirected client meant to go (SO_ORIGINAL_DST).
struct OriginalDestination {
  Address address;
  // It dialled our own port: no redirect took place. To pass it on would be a loop.
  bool direct = false;
};

class Stream {
 public:
  // Takes over a connected, non-blocking socket. `peer` as accept() or connect() gave it.
  // On error the socket is closed.
  static Result<StreamPtr> adopt(Loop& loop, int fd, const Address& peer);

  // Starts reading. The observer outlives the stream or its on_closed(), and may be exchanged. With
  // null nothing is read until the next one comes.
  void observe(StreamObserver* observer);

  // The kernel takes what it can at once, without copy or allocation; the rest is copied and
  // queued. Nothing happens on a stream that is ending, closing or closed, or whose TLS handshake is
  // not done. One call per batch: a call costs more than parsing a message does.
  void write(Bytes bytes);
  // Bytes that the kernel has not taken. Over the mark the caller should pause whatever feeds
  // this stream, until on_drained(). Over kWriteQueueBytesHard the stream is closed.
  std::size_t queued_bytes() const;
  bool over_mark() const;
  void set_write_mark(std::size_t bytes);  // default kWriteQueueBytesMax

  // Between these no on_bytes(), on_end() or on_secure() comes, and the kernel's window fills.
  void pause();
  void resume();
  bool paused() const;

  // Ends our half once the queue is out (under TLS with close_notify). Reading goes on.
  void end();
  // Closes both halves once the queue is out, or at `deadline_ms` (of now; 0 means the default of
  // 5 s). Reading stops. on_closed(nullptr) follows. Called again, the nearer deadline counts.
  void close_after_flush(std::uint64_t deadline_ms = 0);
  // As close_after_flush(), of a peer that was told to go: our half ends behind its own, or at the
  // default deadline. What it did not read of ours would make it answer with RST.
  void close_after_peer();
  // Closes now: FIN, or RST where received bytes are unread.
  void close();
  // Closes now with RST, so that the peer cannot take it for an orderly end.
  void reset();
  // closing or closed
  bool closing() const;

  Loop& loop() const;
  int fd() const;  // -1 once closing
  const Address& peer() const;
  Address local() const;

  // Asks the kernel each time. Error: not a redirected connection and no answer for it.
  Result<OriginalDestination> original_destination() const;

  // Small messages at once (default on for accepted and dialled ones).
  void set_no_delay(bool on);
  // Probes a silent peer after `idle_s`, so that one that vanished is noticed.
  void set_keep_alive(unsigned idle_s);

  // --- TLS. At most once per stream. Answer: on_secure(), or on_closed() with the reason in words.

  // We are the server. The certificate is for the name that the client asks for (SNI) and for
  // `names` (host names or IP addresses: what it dialled). `already_read`: bytes of the client that
  // were read and not consumed, its ClientHello for instance. `server` outlives the stream.
  void start_tls_server(TlsServer& server, std::vector<std::string> names, Bytes already_read);
  // We are the client. `name`: host name or IP address; sent as SNI where it is a name, and checked
  // as `client` says. `client` outlives the stream.
  void start_tls_client(TlsClient& client, const std::string& name);

  bool secure() const;
  // Of a secure stream; empty where none was agreed on or sent.
  std::string_view alpn() const;
  std::string_view server_name() const;
  // RFC 5929 tls-server-end-point of the peer's certificate, for SCRAM channel binding; empty where
  // its signature algorithm defines none.
  std::string tls_server_end_point() const;
  // "TLSv1.3 TLS_AES_128_GCM_SHA256"; empty on a plain stream.
  std::string tls_description() const;

 protected:
  Stream() = default;
  ~Stream() = default;
};

}  // namespace chaperone::net
