// The signing key's succession. At every moment the folder says which key the chain stands with:
// the next key is kept beside the key before it is announced, and takes its place behind it.

#include "audit/checkpoint.h"
#include "proto-parsers/base/check.h"
#include "sidecar/spool/key_file.h"
#include "sidecar/spool/limits.h"
#include "sidecar/spool/state.h"

namespace chaperone::spool {

using audit::RecordKind;

Result<audit::PublicKey> Spool::next_key() {
  State& s = *state_;
  std::lock_guard lock(s.mutex);
  auto next = load_next_key(s.options.key_dir, s.key->public_key());
  if (!next) return next.error();
  s.next = std::make_shared<const audit::SigningKey>(std::move(*next));
  return s.next->public_key();
}

audit::Signature Spool::sign_as_next(Bytes message) const {
  std::lock_guard lock(state_->mutex);
  CHECK(state_->next != nullptr);
  return state_->next->sign(message);
}

// REQUIRES: `next`. The record and the key it names change hands under one lock: whatever is
// signed behind it is signed by the new one.
Result<Position> Spool::State::append_key_change(std::int64_t wall_ns, std::uint64_t mono_ns) {
  if (auto able = usable(); !able) return able.error();
  audit::RecordHead head;
  head.kind = RecordKind::kKeyChange;
  head.wall_ns = wall_ns;
  head.mono_ns = mono_ns;
  std::size_t head_size = audit::head_bytes(head);
  std::size_t size = head_size + audit::key_change_tail_bytes();
  if (auto room = make_room(head, size); !room) return room.error();
  std::uint8_t* place = file->place(size);
  if (!place) return Error{"spool: cannot map its segment: out of memory"};
  audit::write_head(head, chain.sequence + 1, chain.hash, place);
  audit::write_key_change_tail({place, head_size}, writer, *key, next->public_key(),
                               place + head_size);
  auto position = commit({place, size});
  if (!position) return position;
  key = std::exchange(next, nullptr);
  key_since_ns = wall_ns;
  last_checkpoint = position->sequence;
  last_checkpoint_ns = mono_ns;
  return position;
}

Result<void> Spool::change_key(Bytes document, std::int64_t wall_ns, std::uint64_t mono_ns) {
  State& s = *state_;
  auto meant = audit::read_enrolment(document);
  if (!meant) return meant.error();
  {
    std::lock_guard lock(s.mutex);
    bool ours =
        s.next && meant->writer == s.writer && meant->writer_key == s.next->public_key();
    if (!ours) return Error{"enrolment: made for another writer or key; enrol the next key again"};
    if (auto announced = s.append_key_change(wall_ns, mono_ns); !announced) {
      return announced.error();
    }
  }
  // On the disk before the file that could undo it: with the old key in its place and this record
  // lost to a power cut the chain goes on as if nothing had been.
  if (auto synced = sync(); !synced) return synced;
  if (auto kept = keep_enrolment(s.options.dir, enrolment()); !kept) return kept;
  auto told = enrolled(document, wall_ns, mono_ns);
  auto adopted = adopt_next_key(s.options.key_dir);
  return told ? adopted : told;
}

std::int64_t Spool::key_since_ns() const {
  std::lock_guard lock(state_->mutex);
  return state_->key_since_ns;
}

}  // namespace chaperone::spool
