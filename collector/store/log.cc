#include "collector/store/log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>

#include "audit/frame.h"

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

Result<void> Log::visit_file(Visit& state, const LogVisitor& visit) const {
  std::string path = log_path(dir_, state.at.file);
  auto content = read_file(path, SIZE_MAX);
  if (!content) return content.error();
  state.clean = content->starts_with(kLogMagic) && state.at.offset <= content->size();
  if (!state.clean) {
    state.torn_bytes += content->size();
    return {};
  }
  audit::FrameReader reader(as_bytes(*content).subspan(state.at.offset));
  std::uint64_t start = state.at.offset;
  while (auto payload = reader.next()) {
    LogPosition next{state.at.file, start + reader.offset()};
    if (auto visited = visit(state.at, next, *payload); !visited) return visited.error();
    state.at = next;
  }
  state.clean = reader.fault() == nullptr;
  state.torn_bytes += content->size() - state.at.offset;
  return {};
}

Result<Log::Visit> Log::visit_all(LogPosition from, const LogVisitor& visit) const {
  Visit state{from};
  for (std::uint64_t number : files()) {
    if (number < from.file) continue;
    if (number != state.at.file) state.at = LogPosition{number};
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
  torn_bytes_ = visited->torn_bytes;
  if (!visited->clean) return begin_file(files().empty() ? from.file : files().back() + 1);
  std::string path = log_path(dir_, visited->at.file);
  file_ = File(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file_.open()) return Error{errno_text("cannot open", path)};
  end_ = visited->at;
  // What was visited may not be on the disk yet: the process before may have died before its sync.
  if (::fdatasync(file_.fd()) != 0) return Error{errno_text("cannot sync", path)};
  return {};
}

Result<void> Log::begin_file(std::uint64_t number) {
  std::string path = log_path(dir_, number);
  File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.open()) return Error{errno_text("cannot create", path)};
  auto written = write_at(file, kLogMagic, 0, path);
  if (written && ::fsync(file.fd()) != 0) written = Error{errno_text("cannot sync", path)};
  if (written) written = sync_dir(dir_);
  if (!written) {
    ::unlink(path.c_str());
    return written;
  }
  file_ = std::move(file);
  end_ = LogPosition{number};
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
  Error damaged{fmt::format("the store is damaged: file {}, offset {}", at.file, at.offset)};
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
