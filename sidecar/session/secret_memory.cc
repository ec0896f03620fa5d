#include "sidecar/session/secret_memory.h"

#include <string.h>  // explicit_bzero
#include <sys/mman.h>

#include <bitset>
#include <mutex>

namespace chaperone {
namespace {

// Secrets live for the moments of a login, so a thousand at once is more than there ever are; and
// 64 KiB is what the smallest usual RLIMIT_MEMLOCK allows.
constexpr std::size_t kSlotBytes = 64, kSlots = 1024;

class Region {
 public:
  Region() {
    void* memory = ::mmap(nullptr, kSlotBytes * kSlots, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;
    start_ = static_cast<char*>(memory);
    // Where a limit forbids locking, the rest still holds.
    (void)::mlock(memory, kSlotBytes * kSlots);
    (void)::madvise(memory, kSlotBytes * kSlots, MADV_DONTDUMP);
  }

  // Null: no room for so much.
  char* take(std::size_t size) {
    std::size_t wanted = (size + kSlotBytes - 1) / kSlotBytes, run = 0;
    std::lock_guard lock(mutex_);
    if (!start_ || wanted > kSlots) return nullptr;
    for (std::size_t slot = 0; slot < kSlots; ++slot) {
      run = used_[slot] ? 0 : run + 1;
      if (run < wanted) continue;
      std::size_t first = slot + 1 - wanted;
      for (std::size_t i = first; i <= slot; ++i) used_.set(i);
      return start_ + first * kSlotBytes;
    }
    return nullptr;
  }

  void give(const char* memory, std::size_t size) {
    std::size_t first = static_cast<std::size_t>(memory - start_) / kSlotBytes;
    std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < (size + kSlotBytes - 1) / kSlotBytes; ++i) used_.reset(first + i);
  }

  bool holds(const char* memory) const {
    return start_ && memory >= start_ && memory < start_ + kSlotBytes * kSlots;
  }

 private:
  char* start_ = nullptr;
  std::mutex mutex_;
  std::bitset<kSlots> used_;
};

// Never destroyed: secrets may outlive static objects.
Region& region() {
  static Region& the_region = *new Region;
  return the_region;
}

}  // namespace

char* take_secret_memory(std::size_t size) {
  char* memory = region().take(size);
  return memory ? memory : new char[size];
}

void give_secret_memory(char* memory, std::size_t size) {
  explicit_bzero(memory, size);
  if (region().holds(memory)) return region().give(memory, size);
  delete[] memory;
}

bool in_secret_region(const char* memory) { return region().holds(memory); }

}  // namespace chaperone
