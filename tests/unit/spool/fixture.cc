#include "tests/unit/spool/fixture.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "audit/chain.h"
#include "audit/decoded.h"
#include "audit/frame.h"
#include "proto-parsers/base/check.h"

namespace chaperone::spool {

TempDir::TempDir(On on) {
  std::filesystem::path base = std::filesystem::temp_directory_path();
  if (on == On::kMemory && ::access("/dev/shm", W_OK) == 0) base = "/dev/shm";
  std::string name = (base / "chaperone-spool-XXXXXX").string();
  CHECK(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}
TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

int LyingDisk::create(const std::string& path, std::uint64_t bytes) {
  return create_fails ? create_fails : real_disk().create(path, bytes);
}
int LyingDisk::rename(const std::string& from, const std::string& to) {
  return real_disk().rename(from, to);
}
int LyingDisk::remove(const std::string& path) { return real_disk().remove(path); }
int LyingDisk::write_at(int fd, const void* bytes, std::size_t size, std::uint64_t offset) {
  if (write_fails && writes_before_failure-- <= 0) {
    // As a full disk does it: half of it is written.
    (void)real_disk().write_at(fd, bytes, size / 2, offset);
    return write_fails;
  }
  return real_disk().write_at(fd, bytes, size, offset);
}
int LyingDisk::truncate(const std::string& path, std::uint64_t bytes) {
  return real_disk().truncate(path, bytes);
}
int LyingDisk::sync_data(int fd) {
  if (sync_fails) return sync_fails;
  return syncs ? real_disk().sync_data(fd) : 0;
}
int LyingDisk::sync_dir(const std::string& path) { return syncs ? real_disk().sync_dir(path) : 0; }
bool LyingDisk::maps_safely(const std::string&) { return mapped; }

SpoolOptions options_in(const TempDir& dir) {
  SpoolOptions options;
  options.dir = dir / "spool";
  options.key_dir = dir / "key";
  options.build = "test";
  options.segment_bytes = 2ull << 20;
  options.bytes_max = 16ull << 20;
  options.wall_ns = 1'700'000'000'000'000'000;
  options.mono_ns = 1;
  return options;
}

audit::EncodedPart test_who() {
  Subject subject;
  subject.pod = "agent";
  audit::EncodedPart who;
  encode(audit::Who{&subject, {}}, who);
  return who;
}

Result<std::unique_ptr<Spool>> try_open(const SpoolOptions& options, Disk& disk) {
  return Spool::open(options, test_who(), disk);
}

std::unique_ptr<Spool> must_open(const SpoolOptions& options, Disk& disk) {
  auto spool = try_open(options, disk);
  if (!spool) std::fprintf(stderr, "%s\n", spool.error().message.c_str());
  CHECK(spool.ok());
  return std::move(*spool);
}

audit::Id session_id() {
  audit::Id id;
  id.fill(0x77);
  return id;
}

Result<Position> append_command(Spool& spool, std::uint64_t operation, std::string_view text,
                                audit::Verdict verdict) {
  audit::EncodedPart ruling, asked;
  encode(audit::Ruling{verdict, {}, false, "r", "", {}, "", ""}, ruling);
  encode(audit::Asked{text, {}, false}, asked);
  return spool.append({audit::RecordKind::kCommand, 5, 6, session_id(), operation},
                      {&ruling, &asked});
}

Result<Position> append_outcome(Spool& spool, std::uint64_t operation) {
  audit::EncodedPart outcome;
  encode(audit::Outcome{}, outcome);
  return spool.append({audit::RecordKind::kOutcome, 5, 6, session_id(), operation}, {&outcome});
}

std::vector<std::string> all_records(Spool& spool, std::size_t batch_bytes) {
  CHECK(spool.sync().ok());
  std::vector<std::string> records;
  SpoolReader reader(spool);
  for (Position at;;) {
    auto batch = reader.next(at, batch_bytes);
    CHECK(batch.ok());
    if (batch->records == 0) return records;
    audit::FrameReader frames(as_bytes(batch->frames));
    while (auto record = frames.next()) records.emplace_back(as_text(*record));
    CHECK(frames.fault() == nullptr);
    CHECK(batch->last_sequence > at.sequence);
    at = {batch->last_sequence};
  }
}

int chain_breaks(const std::vector<std::string>& records) {
  int breaks = 0;
  audit::ChainPoint at, next;
  for (const std::string& record : records) {
    if (follow(at, as_bytes(record), next) != audit::LinkFault::kNone) ++breaks;
    at = next;
  }
  return breaks;
}

int count_kind(const std::vector<std::string>& records, audit::RecordKind kind) {
  return static_cast<int>(
      std::count_if(records.begin(), records.end(), [&](const std::string& record) {
        auto head = audit::peek_head(as_bytes(record));
        return head && head->kind == kind;
      }));
}

std::vector<std::string> segment_files(const std::string& dir) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    if (entry.path().extension() == ".segment") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void spill(const std::string& path, std::string_view content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

}  // namespace chaperone::spool
