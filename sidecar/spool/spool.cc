#include "sidecar/spool/spool.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "audit/checkpoint.h"
#include "sidecar/spool/key_file.h"
#include "sidecar/spool/limits.h"
#include "sidecar/spool/state.h"

namespace chaperone::spool {
namespace {

constexpr std::string_view kEnrolmentFile = "enrolment";

Result<void> check_options(const SpoolOptions& options) {
  bool segment = options.segment_bytes >= kSegmentBytesMin &&
                 options.segment_bytes <= kSegmentBytesMax && options.segment_bytes % 4096 == 0;
  if (!segment) return Error{"spool: segment_bytes must be 2 to 64 MiB, in whole pages"};
  if (options.bytes_max < kSegmentsMin * options.segment_bytes) {
    return Error{"spool: bytes_max must hold at least 4 segments (" +
                 std::to_string(kSegmentsMin * options.segment_bytes) + " bytes)"};
  }
  if (options.checkpoint_records < 2) return Error{"spool: checkpoint_records must be at least 2"};
  return {};
}

Result<OwnedFd> lock_dir(const std::string& dir) {
  std::string path = dir + "/lock";
  OwnedFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.open()) return Error{"spool: cannot open " + path + ": " + reason(-errno)};
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    return Error{"spool: " + dir + " is in use by another process; give each sidecar its own"};
  }
  return fd;
}

// The document in the folder, and whose key it is about.
struct HeldEnrolment {
  std::string text;
  audit::Id writer{};
  std::optional<audit::PublicKey> key;
};

HeldEnrolment load_enrolment(const std::string& dir) {
  auto text = read_file(dir + "/" + std::string(kEnrolmentFile), audit::kEnrolmentBytesMax);
  if (!text || text->empty()) return {};
  auto enrolment = audit::read_enrolment(as_bytes(*text));
  if (!enrolment) return {};
  return {*text, enrolment->writer, enrolment->writer_key};
}

audit::RecordHead head_of(audit::RecordKind kind, std::int64_t wall_ns, std::uint64_t mono_ns) {
  audit::RecordHead head;
  head.kind = kind;
  head.wall_ns = wall_ns;
  head.mono_ns = mono_ns;
  return head;
}

}  // namespace

Spool::Spool(std::unique_ptr<State> state) : state_(std::move(state)) {}

Spool::~Spool() {
  if (!state_->closed) (void)close(state_->options.wall_ns, state_->options.mono_ns);
}

audit::WriterFacts Spool::State::facts() const {
  audit::WriterFacts facts;
  facts.writer = writer;
  facts.key = key->public_key();
  facts.build = options.build;
  facts.boot = boot;
  facts.unclean = recovery.unclean;
  facts.damage_bytes = recovery.damage_bytes;
  if (!enrolment.empty()) facts.enrolment = audit::sha256(as_bytes(enrolment));
  return facts;
}

void Spool::State::adopt(Found what) {
  found = std::move(what);
  recovery = found.recovery;
  writer = found.writer == audit::Id{} ? audit::random_id() : found.writer;
  boot = boot_id();
  chain = found.chain;
  last_checkpoint = chain.sequence;
  last_checkpoint_ns = options.mono_ns;
  next_number = found.last_number + 1;
  appended = chain.sequence;
  for (const Segment& segment : found.segments) {
    closed_bytes += segment.bytes;
    unsynced.push_back({segment_path(options.dir, segment.number), nullptr});
    segments.push_back(segment);
  }
}

Result<std::unique_ptr<Spool>> Spool::open(const SpoolOptions& options,
                                           const audit::EncodedPart& who, Disk& disk) {
  if (auto sane = check_options(options); !sane) return sane.error();
  if (auto made = make_dir(options.dir); !made) return made.error();
  auto lock = lock_dir(options.dir);
  if (!lock) return lock.error();
  auto found = recover(options.dir, disk);
  if (!found) return found.error();
  HeldEnrolment held = load_enrolment(options.dir);
  auto announced = found->announced ? found->announced : held.key;
  if (auto done = finish_key_change(options.key_dir, announced); !done) return done.error();
  auto key = load_key(options.key_dir);
  if (!key) return key.error();
  auto state = std::make_unique<State>(options, disk, std::move(*key));
  state->lock = std::move(*lock);
  state->mapped = disk.maps_safely(options.dir);
  state->adopt(std::move(*found));
  state->who = who;
  state->key_since_ns = key_made_ns(options.key_dir);
  // A document for another key is of no use to this one: it is asked for anew.
  bool ours = held.writer == state->writer;
  if (ours && held.key == state->key->public_key()) {
    state->enrolment = std::move(held.text);
  } else if (ours) {
    if (auto kept = keep_enrolment(options.dir, held.text); !kept) return kept.error();
  }
  // Without room for its first records a spool still opens: what it holds must be shipped to make
  // room, and until then it refuses.
  (void)state->tell_start();
  return std::unique_ptr<Spool>(new Spool(std::move(state)));
}

Result<Position> Spool::append(const audit::RecordHead& head, Parts parts) {
  std::lock_guard lock(state_->mutex);
  return state_->append(head, parts);
}

Result<Position> Spool::checkpoint(std::int64_t wall_ns, std::uint64_t mono_ns) {
  std::lock_guard lock(state_->mutex);
  return state_->checkpoint(wall_ns, mono_ns);
}

Result<void> Spool::tick(std::int64_t wall_ns, std::uint64_t mono_ns) {
  State& s = *state_;
  std::lock_guard lock(s.mutex);
  bool due = mono_ns - s.last_checkpoint_ns >= s.options.checkpoint_ns;
  if (!due || s.chain.sequence == s.last_checkpoint) return {};
  auto made = s.checkpoint(wall_ns, mono_ns);
  if (!made) return made.error();
  return {};
}

Result<void> Spool::enrolled(Bytes document, std::int64_t wall_ns, std::uint64_t mono_ns) {
  State& s = *state_;
  auto enrolment = audit::read_enrolment(document);
  if (!enrolment) return enrolment.error();
  if (enrolment->writer != s.writer || enrolment->writer_key != s.key->public_key()) {
    return Error{"enrolment: made for another writer or key; enrol again"};
  }
  if (auto kept = replace_file(s.options.dir, std::string(kEnrolmentFile), document); !kept) {
    return kept.error();
  }
  std::lock_guard lock(s.mutex);
  s.enrolment = std::string(as_text(document));
  audit::EncodedPart part;
  encode(s.facts(), part);
  auto told = s.append(head_of(audit::RecordKind::kEnrolled, wall_ns, mono_ns), {&s.who, &part});
  if (!told) return told.error();
  return {};
}

Result<void> Spool::close(std::int64_t wall_ns, std::uint64_t mono_ns) {
  State& s = *state_;
  std::unique_lock lock(s.mutex);
  if (s.closed) return {};
  auto stopped = s.append(head_of(audit::RecordKind::kWriterStop, wall_ns, mono_ns), {&s.who});
  if (stopped) stopped = s.checkpoint(wall_ns, mono_ns);
  s.closed = true;
  std::uint64_t used = s.file ? s.file->offset() : 0;
  lock.unlock();
  auto synced = sync();
  lock.lock();
  if (s.spare.open()) {
    s.spare = OwnedFd();
    (void)s.disk.remove(spare_path(s.options.dir));
  }
  // The window goes before the file shrinks: a store behind its end would end the process.
  s.file.reset();
  if (used > 0) (void)s.disk.truncate(segment_path(s.options.dir, s.segments.back().number), used);
  s.lock = OwnedFd();
  if (!stopped) return stopped.error();
  return synced;
}

std::string Spool::enrolment() const {
  std::lock_guard lock(state_->mutex);
  return state_->enrolment;
}

audit::ChainPoint Spool::chain() const {
  std::lock_guard lock(state_->mutex);
  return state_->chain;
}

audit::PublicKey Spool::public_key() const {
  std::lock_guard lock(state_->mutex);
  return state_->key->public_key();
}

audit::Signature Spool::sign(Bytes message) const {
  std::lock_guard lock(state_->mutex);
  return state_->key->sign(message);
}

Usage Spool::usage() const {
  std::lock_guard lock(state_->mutex);
  constexpr std::size_t kSmallRecordBytes = 4096;
  return {state_->bytes(), state_->options.bytes_max, state_->segments.size(), state_->refused,
          state_->refused_unrecorded > 0 || !state_->has_room(true, kSmallRecordBytes)};
}

Position Spool::appended() const { return {state_->appended.load(std::memory_order_acquire)}; }
Position Spool::durable() const { return {state_->durable.load(std::memory_order_acquire)}; }
Position Spool::acknowledged() const { return {state_->acknowledged.load()}; }
audit::Id Spool::writer() const { return state_->writer; }
const Recovery& Spool::recovery() const { return state_->recovery; }

}  // namespace chaperone::spool
