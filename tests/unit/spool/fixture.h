#pragma once
// A spool in a folder of its own that goes with the test, and the questions tests ask of it.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sidecar/spool/disk.h"
#include "sidecar/spool/spool.h"

namespace chaperone::spool {

// kMemory: for tests that open a spool a thousand times; where there is no such file system, as
// kDisk.
enum class On { kDisk, kMemory };

class TempDir {
 public:
  explicit TempDir(On on = On::kDisk);
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// The real disk, except where the test says otherwise.
class LyingDisk final : public Disk {
 public:
  int create(const std::string& path, std::uint64_t bytes) override;
  int rename(const std::string& from, const std::string& to) override;
  int remove(const std::string& path) override;
  int write_at(int fd, const void* bytes, std::size_t size, std::uint64_t offset) override;
  int truncate(const std::string& path, std::uint64_t bytes) override;
  int sync_data(int fd) override;
  int sync_dir(const std::string& path) override;
  bool maps_safely(const std::string& dir) override;

  bool mapped = true;
  bool syncs = true;                                      // false: claims to, to be quick
  int create_fails = 0, write_fails = 0, sync_fails = 0;  // -errno while not 0
  int writes_before_failure = 0;
};

SpoolOptions options_in(const TempDir& dir);
audit::EncodedPart test_who();
Result<std::unique_ptr<Spool>> try_open(const SpoolOptions& options, Disk& disk = real_disk());
std::unique_ptr<Spool> must_open(const SpoolOptions& options, Disk& disk = real_disk());

Result<Position> append_command(Spool& spool, std::uint64_t operation,
                                std::string_view text = "SELECT 1",
                                audit::Verdict verdict = audit::Verdict::kAllow);
Result<Position> append_outcome(Spool& spool, std::uint64_t operation);
audit::Id session_id();

// Every record from the start, synced and read as the shipper does.
std::vector<std::string> all_records(Spool& spool, std::size_t batch_bytes = 64 * 1024);
// Records that do not follow the one before.
int chain_breaks(const std::vector<std::string>& records);
int count_kind(const std::vector<std::string>& records, audit::RecordKind kind);

std::vector<std::string> segment_files(const std::string& dir);  // full paths, ascending
std::string slurp(const std::string& path);
void spill(const std::string& path, std::string_view content);

}  // namespace chaperone::spool
