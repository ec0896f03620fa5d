#include "collector/store/log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>

#include "audit/frame.h"
#include "collector/store/log_scan.h"

namespace chaperone::collector {

namespace {
// None for names that are not a log file's.
std::optional<std::uint64_t> number_of(const std::string& name) {
  constexpr std::string_view kSuffix = ".log";
  if (name.size() != 20 + kSuffix.size() || !name.ends_with(kSuffix)) return {};
  std::uint64_t number = 0;
  auto [end, error] = std::from_chars(name.data(), name.data() + 20, number);
  if (error != std::errc() || end != name.data() + 20) return {};
  return number;
}
}  // namespace

std::string log_path(const std::string& dir, std::uint64_t number) {
  return fmt::format("{}/{:020}.log", dir, number);
}

Result<std::unique_ptr<Log>> Log::open(const std::string& dir, std::uint64_t file_bytes) {
  if (auto made = make_dir(dir); !made) return made.error();
  return std::unique_ptr<Log>(new Log(dir, file_bytes));
}

std::vector<std::uint64_t> Log::files() const {
  std::vector<std::uint64_t> numbers;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(dir_, error)) {
    if (auto number = number_of(entry.path().filename().string())) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::uint64_t Log::bytes() const {
  std::uint64_t sum = 0;
  for (std::uint64_t number : files()) {
    std::error_code error;
    auto size = std::filesystem::file_size(log_path(dir_, number), error);
    if (!error) sum += size;
  }
  return sum;
}

Result<void> Log::remove_file(std::uint64_t number) {
  std::string path = log_path(dir_, number);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    return Error{errno_text("cannot delete", path)};
  return sync_dir(dir_);
}

// Whether the next file says that what lies there was never finished.
bool Log::known_as_torn(LogPosition at) const {
  std::string expected(kLogMagic);
  append_log_torn(expected, at);
  std::string said(expected.size(), '\0');
  std::ifstream(log_path(dir_, at.file + 1), std::ios::binary)
      .read(said.data(), static_cast<std::streamsize>(said.size()));
  return said == expected;
}

Result<void> Log::visit_file(Visit& state, const LogVisitor& visit) const {
  auto content = read_file(log_path(dir_, state.at.file), SIZE_MAX);
  if (!content) return content.error();
  return visit_content(state, *content, visit);
}

Result<void> Log::visit_content(Visit& state, std::string_view content,
                                const LogVisitor& visit) const {
  std::uint64_t number = state.at.file, from = state.at.offset;
  // Its head was not whole yet when the process died, or the file was cut before `from`.
  state.clean = content.size() >= std::max<std::uint64_t>(from, kLogMagic.size());
  if (!state.clean) {
    state.torn_bytes += content.size();
    return {};
  }
  if (!content.starts_with(kLogMagic)) state.damages.push_back({{number, 0}, kLogMagic.size()});
  auto scan = scan_log(as_bytes(content), from, [&](auto offset, auto next, Bytes payload) {
    return visit({number, offset}, {number, next}, payload);
  });
  if (!scan) return scan.error();
  for (const auto& damage : scan->damages)
    state.damages.push_back({{number, damage.offset}, damage.bytes});
  state.at.offset = scan->end;
  state.tail_bytes = scan->tail_bytes;
  state.clean = scan->tail_bytes == 0;
  return {};
}

// What was left in the file behind its last sound entry: told by the file that follows.
void Log::settle_tail(Visit& state) const {
  if (state.tail_bytes == 0) return;
  if (known_as_torn(state.at))
    state.torn_bytes += state.tail_bytes;
  else
    state.damages.push_back({state.at, state.tail_bytes});
  state.tail_bytes = 0;
}

Result<Log::Visit> Log::visit_all(LogPosition from, const LogVisitor& visit) const {
  Visit state{from};
  bool first = true;
  for (std::uint64_t number : files()) {
    if (number < from.file) continue;
    settle_tail(state);
    if (!first && number > state.at.file + 1) state.damages.push_back({{state.at.file + 1}, 0});
    if (number != state.at.file) state.at = LogPosition{number};
    first = false;
    if (auto visited = visit_file(state, visit); !visited) return visited.error();
  }
  return state;
}

Result<void> Log::visit(LogPosition from, const LogVisitor& visit) const {
  auto visited = visit_all(from, visit);
  if (!visited) return visited.error();
  return {};
}

Result<void> Log::replay(LogPosition from, const LogVisitor& visit) {
  auto visited = visit_all(from, visit);
  if (!visited) return visited.error();
  torn_bytes_ = visited->torn_bytes + visited->tail_bytes;
  damages_ = std::move(visited->damages);
  if (!visited->clean) {
    std::string torn;
    if (visited->tail_bytes != 0) append_log_torn(torn, visited->at);
    return begin_file(files().empty() ? from.file : files().back() + 1, torn);
  }
  std::string path = log_path(dir_, visited->at.file);
  file_ = File(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file_.open()) return Error{errno_text("cannot open", path)};
  end_ = visited->at;
  // What was visited may not be on the disk yet: the process before may have died before its sync.
  if (::fdatasync(file_.fd()) != 0) return Error{errno_text("cannot sync", path)};
  return {};
}

Result<std::vector<LogDamage>> Log::check(std::uint64_t number, LogPosition end) const {
  Visit state{LogPosition{number}};
  auto there = files();
  if (!std::binary_search(there.begin(), there.end(), number)) return state.damages;
  auto content = read_file(log_path(dir_, number), SIZE_MAX);
  if (!content) return content.error();
  if (number == end.file) content->resize(std::min<std::size_t>(content->size(), end.offset));
  auto nothing = [](LogPosition, LogPosition, Bytes) { return Result<void>(); };
  if (auto visited = visit_content(state, *content, nothing); !visited) return visited.error();
  settle_tail(state);
  return state.damages;
}

Result<void> Log::begin_file(std::uint64_t number, std::string_view frames) {
  std::string path = log_path(dir_, number);
  File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.open()) return Error{errno_text("cannot create", path)};
  auto written = write_at(file, std::string(kLogMagic).append(frames), 0, path);
  if (written && ::fsync(file.fd()) != 0) written = Error{errno_text("cannot sync", path)};
  if (written) written = sync_dir(dir_);
  if (!written) {
    ::unlink(path.c_str());
    return written;
  }
  file_ = std::move(file);
  end_ = LogPosition{number, kLogMagic.size() + frames.size()};
  return {};
}

Result<LogPosition> Log::append(std::string_view frames, bool sync) {
  if (broken_)
    return Error{"the store's disk failed a sync; check the disk, then restart the collector"};
  if (end_.offset > kLogMagic.size() && end_.offset + frames.size() > file_bytes_) {
    // What was appended without sync must not be left behind in a closed file.
    if (::fdatasync(file_.fd()) != 0) broken_ = true;
    if (broken_) return append({}, false);
    if (auto begun = begin_file(end_.file + 1); !begun) return begun.error();
  }
  std::string path = log_path(dir_, end_.file);
  if (auto written = write_at(file_, frames, end_.offset, path); !written) {
    if (::ftruncate(file_.fd(), static_cast<off_t>(end_.offset)) != 0) broken_ = true;
    return written.error();
  }
  if (sync && ::fdatasync(file_.fd()) != 0) {
    broken_ = true;
    return Error{errno_text("cannot sync", path)};
  }
  LogPosition first = end_;
  end_.offset += frames.size();
  return first;
}

Result<std::string> LogReader::read(LogPosition at, std::size_t bytes) {
  if (number_ != at.file || !file_.open()) {
    file_ = File(::open(log_path(dir_, at.file).c_str(), O_RDONLY | O_CLOEXEC));
    number_ = at.file;
  }
  Error damaged{fmt::format("{}: file {}, offset {}", kDamagedText, at.file, at.offset)};
  std::string frame(bytes, '\0');
  if (!file_.open()) return damaged;
  ssize_t got = ::pread(file_.fd(), frame.data(), bytes, static_cast<off_t>(at.offset));
  if (got != static_cast<ssize_t>(bytes)) return damaged;
  audit::FrameReader reader(as_bytes(frame));
  auto payload = reader.next();
  if (!payload) return damaged;
  return std::string(as_text(*payload));
}

}  // namespace chaperone::collector
