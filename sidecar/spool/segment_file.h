#pragma once
// The segment being written: a preallocated file of which a window is mapped and stored to, without
// a system call per record. Where a mapping is not safe (Disk::maps_safely) the window is ordinary
// memory and each entry is written out.

#include <cstdint>
#include <memory>
#include <string>

#include "audit/segment.h"
#include "proto-parsers/base/result.h"
#include "sidecar/spool/disk.h"
#include "sidecar/spool/files.h"

namespace chaperone::spool {

class SegmentFile {
 public:
  // Takes the descriptor of a new file of `bytes` bytes and writes the header.
  static Result<std::unique_ptr<SegmentFile>> begin(OwnedFd fd, std::uint64_t bytes, bool mapped,
                                                    const audit::SegmentHeader& header, Disk& disk);
  ~SegmentFile();
  SegmentFile(const SegmentFile&) = delete;
  SegmentFile& operator=(const SegmentFile&) = delete;

  bool fits(std::size_t record_bytes) const {
    return audit::entry_bytes(record_bytes) <= bytes_ - offset_;
  }
  // Room for one record; null if a window could not be had. REQUIRES: fits(). Valid until the next
  // place() or commit().
  std::uint8_t* place(std::size_t record_bytes);
  // The record that was put in its place becomes an entry: on 0 it survives this process.
  int commit(std::size_t record_bytes);

  std::uint64_t offset() const { return offset_; }
  const std::shared_ptr<OwnedFd>& fd() const { return fd_; }  // outlives the SegmentFile

 private:
  SegmentFile(OwnedFd fd, std::uint64_t bytes, bool mapped, std::uint64_t marker, Disk& disk);
  bool move_window(std::size_t need);
  void drop_window();
  void fill_ahead(std::uint64_t end);
  void make_ready(std::size_t end);

  std::shared_ptr<OwnedFd> fd_;
  std::uint64_t bytes_;
  bool mapped_;
  std::uint64_t marker_;
  Disk& disk_;
  std::uint64_t offset_ = audit::kSegmentHeaderBytes;  // of the next entry
  std::uint8_t* window_ = nullptr;
  std::uint64_t window_offset_ = 0;
  std::size_t window_bytes_ = 0;
  std::size_t ready_bytes_ = 0;  // of the window, from its start: those the kernel has mapped
};

}  // namespace chaperone::spool
