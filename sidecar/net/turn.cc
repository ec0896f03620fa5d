#include "sidecar/net/turn.h"

#include <cstring>

#include "sidecar/net/limits.h"
#include "sidecar/net/stream_impl.h"

namespace chaperone::net {

Turn::Turn()
    : read_buffer_(new std::uint8_t[kReadBufferBytes]),
      kept_buffer_(new std::uint8_t[kTurnKeptBytesMax]) {}

std::span<std::uint8_t> Turn::room() {
  if (kReadBufferBytes - read_bytes_ < kTurnRoomMin) finish();
  return {read_buffer_.get() + read_bytes_, kReadBufferBytes - read_bytes_};
}

void Turn::add(StreamImpl& stream, std::size_t size) {
  reads_.push_back({&stream, read_bytes_, size});
  read_bytes_ += size;
}

void Turn::finish() {
  if (reads_.empty() || finishing_) return;
  finishing_ = true;
  for (const Part& read : reads_) {
    read.stream->deliver({read_buffer_.get() + read.begin, read.size});
  }
  reads_.clear();
  read_bytes_ = 0;
  finishing_ = false;
  send();
}

bool Turn::keep(StreamImpl& stream, Bytes bytes) {
  if (!finishing_) return false;
  bool small = bytes.size() <= kTurnPartBytesMax;
  if (!small || kept_bytes_ + bytes.size() > kTurnKeptBytesMax) send();
  if (!small) return false;
  if (!kept_.empty() && kept_.back().stream == &stream) {
    kept_.back().size += bytes.size();
  } else {
    kept_.push_back({&stream, kept_bytes_, bytes.size()});
  }
  std::memcpy(kept_buffer_.get() + kept_bytes_, bytes.data(), bytes.size());
  kept_bytes_ += bytes.size();
  return true;
}

void Turn::send() {
  if (sending_ || kept_.empty()) return;
  sending_ = true;
  for (const Part& part : kept_) {
    if (part.stream->is_closing) continue;
    part.stream->send_now({kept_buffer_.get() + part.begin, part.size});
  }
  kept_.clear();
  kept_bytes_ = 0;
  sending_ = false;
}

}  // namespace chaperone::net
