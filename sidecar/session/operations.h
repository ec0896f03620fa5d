#pragma once
// The commands of a session between their records and their outcomes. Numbers rise, and mostly the
// oldest ends first; a portal may stay open while thousands behind it come and go.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace chaperone::session {

struct Operation {
  std::uint64_t number = 0;
  std::uint64_t begun_ns = 0;
  std::uint64_t rows = 0;
  std::uint64_t bytes_from_server = 0;
  std::uint64_t copy_bytes_at_begin = 0;
  std::string sqlstate;
};

class Operations {
 public:
  // REQUIRES: a number above all before it.
  void begin(Operation operation);
  // Null where it has ended or never began. Valid until the next call of begin() or take().
  Operation* find(std::uint64_t number);
  // Ends it; nothing where it had ended.
  std::optional<Operation> take(std::uint64_t number);

  std::size_t size() const { return open_; }
  bool empty() const { return open_ == 0; }
  // REQUIRES: !empty().
  std::uint64_t oldest() const { return slots_[first_].operation.number; }

 private:
  struct Slot {
    Operation operation;
    bool ended = false;
  };
  std::size_t index_of(std::uint64_t number) const;
  void let_go();

  std::vector<Slot> slots_;  // by number; [0, first_) has ended, and some behind it
  std::size_t first_ = 0;
  std::size_t open_ = 0;
};

}  // namespace chaperone::session
