#include "sidecar/spool/segment_file.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>

#include "proto-parsers/base/check.h"
#include "sidecar/spool/limits.h"

namespace chaperone::spool {
namespace {

constexpr std::uint64_t kPageBytes = 4096;
// The marker is stored as the machine has it.
static_assert(std::endian::native == std::endian::little);

}  // namespace

SegmentFile::SegmentFile(OwnedFd fd, std::uint64_t bytes, bool mapped, std::uint64_t marker,
                         Disk& disk)
    : fd_(std::make_shared<OwnedFd>(std::move(fd))),
      bytes_(bytes),
      mapped_(mapped),
      marker_(marker),
      disk_(disk) {}

SegmentFile::~SegmentFile() { drop_window(); }

Result<std::unique_ptr<SegmentFile>> SegmentFile::begin(OwnedFd fd, std::uint64_t bytes,
                                                        bool mapped,
                                                        const audit::SegmentHeader& header,
                                                        Disk& disk) {
  std::array<std::uint8_t, audit::kSegmentHeaderBytes> page;
  audit::write_segment_header(header, page.data());
  int status = disk.write_at(fd.get(), page.data(), page.size(), 0);
  if (status != 0) return Error{"spool: cannot begin a segment: " + reason(status)};
  return std::unique_ptr<SegmentFile>(
      new SegmentFile(std::move(fd), bytes, mapped, header.marker, disk));
}

void SegmentFile::drop_window() {
  if (window_) ::munmap(window_, window_bytes_);
  window_ = nullptr;
  window_bytes_ = ready_bytes_ = 0;
}

// Writes the zeros that lie there already. By faults the page cache grows page by page; a long
// write has the kernel take large folios, at half the cost. Where it fails they come by faults.
void SegmentFile::fill_ahead(std::uint64_t end) {
  static std::uint8_t zeros[kWindowBytes];  // never written to: no memory of its own
  std::uint64_t at = (offset_ + kPageBytes - 1) / kPageBytes * kPageBytes;
  if (at >= end) return;
  (void)disk_.write_at(fd_->get(), zeros, std::min<std::uint64_t>(end - at, sizeof zeros), at);
}

bool SegmentFile::move_window(std::size_t need) {
  drop_window();
  window_offset_ = offset_ / kPageBytes * kPageBytes;
  std::size_t least = need + (offset_ - window_offset_);
  std::size_t bytes = (std::max(kWindowBytes, least) + kPageBytes - 1) / kPageBytes * kPageBytes;
  if (mapped_) bytes = std::min<std::uint64_t>(bytes, bytes_ - window_offset_);
  if (mapped_) fill_ahead(window_offset_ + bytes);
  int flags = mapped_ ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, mapped_ ? fd_->get() : -1,
                        mapped_ ? static_cast<off_t>(window_offset_) : 0);
  if (memory == MAP_FAILED) return false;
  window_ = static_cast<std::uint8_t*>(memory);
  window_bytes_ = bytes;
  return true;
}

// Has the kernel map the pages that come next, many at a time: one fault for each would cost more
// than all else that is done for a record. Without it (before Linux 5.14) they come by faults.
void SegmentFile::make_ready(std::size_t end) {
  std::size_t bytes = (std::max(end, ready_bytes_ + kReadyBytes) + kPageBytes - 1) / kPageBytes * kPageBytes;
  bytes = std::min(bytes, window_bytes_);
  ::madvise(window_ + ready_bytes_, bytes - ready_bytes_, MADV_POPULATE_WRITE);
  ready_bytes_ = bytes;
}

std::uint8_t* SegmentFile::place(std::size_t record_bytes) {
  CHECK(fits(record_bytes));
  std::size_t need = audit::entry_bytes(record_bytes);
  bool inside = window_ && offset_ + need <= window_offset_ + window_bytes_;
  if (!inside && !move_window(need)) return nullptr;
  std::size_t end = offset_ + need - window_offset_;
  if (end > ready_bytes_) make_ready(end);
  return window_ + (offset_ - window_offset_) + audit::kEntryHeadBytes;
}

// The marker goes last: an entry without it was never returned to anyone, one with it and with a
// wrong checksum is damage. Recovery tells them apart by that.
int SegmentFile::commit(std::size_t record_bytes) {
  std::uint8_t* entry = window_ + (offset_ - window_offset_);
  std::uint8_t* record = entry + audit::kEntryHeadBytes;
  std::size_t size = audit::entry_bytes(record_bytes);
  audit::write_frame_head({record, record_bytes}, entry + 8);
  if (mapped_) {
    std::atomic_ref<std::uint64_t> marker(*reinterpret_cast<std::uint64_t*>(entry));
    marker.store(marker_, std::memory_order_release);
  } else {
    std::memset(record + record_bytes, 0, size - audit::kEntryHeadBytes - record_bytes);
    int status = disk_.write_at(fd_->get(), entry + 8, size - 8, offset_ + 8);
    if (status == 0) status = disk_.write_at(fd_->get(), &marker_, 8, offset_);
    if (status != 0) return status;
  }
  offset_ += size;
  return 0;
}

}  // namespace chaperone::spool
