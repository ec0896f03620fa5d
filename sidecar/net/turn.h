#pragma once
// One turn of a loop: what small reads of many sockets brought is dealt with together, and what that
// wants to send goes out together. The kernel's network code and ours take the processor's caches
// from each other: with busy connections, to alternate between them for each costs more than our
// work itself. For this room only.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "proto-parsers/base/bytes.h"

namespace chaperone::net {

struct StreamImpl;

class Turn {
 public:
  Turn();

  // Where the next read goes, kTurnRoomMin bytes at least. May deal with what was read before.
  std::span<std::uint8_t> room();
  // So many bytes of room() were read for a stream: they are delivered by finish().
  void add(StreamImpl& stream, std::size_t size);
  // Delivers what was read, in its order, and sends what that wrote.
  void finish();

  // During finish(), keeps a small write for its end. False: the caller sends it, now.
  bool keep(StreamImpl& stream, Bytes bytes);
  // Sends what is kept: before a stream ends or closes.
  void send();

 private:
  struct Part {
    StreamImpl* stream;  // lives: a stream's memory goes only in the closing phase of its loop
    std::size_t begin, size;
  };
  std::unique_ptr<std::uint8_t[]> read_buffer_, kept_buffer_;
  std::vector<Part> reads_, kept_;
  std::size_t read_bytes_ = 0, kept_bytes_ = 0;
  bool finishing_ = false, sending_ = false;
};

}  // namespace chaperone::net
