#pragma once
// What a Stream is made of; for this room only. The functions of stream.h are in stream.cc (state),
// stream_io.cc (bytes) and stream_tls.cc.

#include <uv.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "sidecar/net/limits.h"
#include "sidecar/net/stream.h"
#include "sidecar/net/tls_engine.h"

namespace chaperone::net {

// Exists only while the kernel has not taken everything: one part is in flight, in libuv's hands,
// and what was written meanwhile waits to go out in one piece.
struct WriteQueue {
  uv_write_t request;
  std::string in_flight;
  std::string waiting;
};

// Closes a stream that is being emptied and whose peer does not end.
class FlushDeadline final : public Swept {
 public:
  FlushDeadline(Loop& loop, Stream& stream, std::uint64_t at_ms)
      : Swept(loop), stream_(stream), at_ms_(at_ms) {}
  void on_sweep(std::uint64_t now_ms) override {
    if (now_ms >= at_ms_) stream_.close();
  }
  void advance(std::uint64_t at_ms) { at_ms_ = std::min(at_ms_, at_ms); }

 private:
  Stream& stream_;
  std::uint64_t at_ms_;
};

struct StreamImpl final : Stream, Swept {
  explicit StreamImpl(Loop& loop) : Swept(loop), on_loop(&loop) {}

  uv_tcp_t tcp;
  Loop* on_loop;
  StreamObserver* observer = nullptr;
  std::unique_ptr<WriteQueue> queue;
  std::unique_ptr<TlsEngine> tls;
  std::unique_ptr<Error> why;
  std::unique_ptr<FlushDeadline> flush_deadline;
  std::unique_ptr<std::string> early;  // read in the turn in which it was paused
  Address peer_address;
  std::uint32_t mark = kWriteQueueBytesMax;
  int socket = -1;

  bool owned : 1 = true;            // a StreamPtr still points here
  bool is_paused : 1 = true;        // until observe()
  bool paused_long : 1 = false;     // since the last sweep
  bool is_closing : 1 = false;      // uv_close() has been called
  bool is_closed : 1 = false;       // libuv has let go
  bool telling_closed : 1 = false;  // on_closed() is running
  bool kicked : 1 = false;          // a deferred continue_tls() holds a pointer to this
  bool was_over : 1 = false;        // on_drained() is owed
  bool end_wanted : 1 = false;      // end() was called
  bool fin_sent : 1 = false;
  bool read_ended : 1 = false;    // the socket has ended; under TLS bytes may lie in the engine
  bool peer_ended : 1 = false;    // and the observer knows
  bool write_broken : 1 = false;  // the kernel takes no more; reading will tell why
  bool discarding : 1 = false;    // close_after_flush(): what still comes is dropped

  static StreamImpl& of(Stream& stream) { return static_cast<StreamImpl&>(stream); }
  static StreamImpl& of(uv_handle_t* handle) { return *static_cast<StreamImpl*>(handle->data); }
  static const StreamImpl& of(const Stream& stream) {
    return static_cast<const StreamImpl&>(stream);
  }

  // stream.cc
  void on_sweep(std::uint64_t now_ms) override;
  void start_close();
  void fail(std::string reason);
  void on_uv_closed();
  void dispose_if_done();

  // stream_io.cc
  void start_reading();
  void read_socket();
  void deliver(Bytes bytes);
  void deliver_early();
  void on_read_failed(int status);  // UV_EOF, or another of libuv's errors
  void on_read_end();
  void on_peer_end();
  void send_raw(Bytes bytes);  // to the socket, whatever it means
  void send_now(Bytes bytes);
  void enqueue(Bytes bytes);
  void fly(std::size_t sent);
  void on_written(int status);
  void on_queue_empty();
  void on_write_error(int error);
  void send_fin();

  // stream_tls.cc
  void start_tls(Result<std::unique_ptr<TlsEngine>> engine);
  void on_cipher(Bytes bytes);
  void pump_tls();
  bool pump_handshake();
  bool pump_plain();
  void write_tls(Bytes bytes);
  void send_cipher();
  void kick();
  void continue_tls();
};

}  // namespace chaperone::net
