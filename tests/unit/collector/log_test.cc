#include "collector/store/log.h"

#include <fstream>

#include "tests/unit/collector/folder.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

using namespace chaperone;
using namespace chaperone::collector;

namespace {
std::string note(const std::string& text) {
  std::string frames;
  append_log_json(frames, LogTag::kAccess, text);
  return frames;
}

struct Seen {
  std::vector<std::string> texts;
  std::vector<LogPosition> at;
  LogVisitor visitor() {
    return [this](LogPosition where, LogPosition, Bytes payload) {
      auto entry = parse_log_entry(payload);
      REQUIRE(entry);
      if (entry->tag == LogTag::kTorn) return Result<void>();
      texts.emplace_back(as_text(entry->body));
      at.push_back(where);
      return Result<void>();
    };
  }
};

std::unique_ptr<Log> opened(const std::string& dir, Seen& seen, LogPosition from = {},
                            std::uint64_t file_bytes = 1 << 20) {
  auto log = Log::open(dir, file_bytes);
  REQUIRE(log);
  REQUIRE((*log)->replay(from, seen.visitor()));
  return std::move(*log);
}
}  // namespace

TEST_CASE("what was appended is visited again, from anywhere") {
  TestFolder folder;
  Seen none, all, rest;
  {
    auto log = opened(folder.path, none);
    for (const char* text : {"one", "two", "three"}) REQUIRE(log->append(note(text), true));
  }
  opened(folder.path, all);
  CHECK(none.texts.empty());
  CHECK(all.texts == std::vector<std::string>{"one", "two", "three"});
  opened(folder.path, rest, all.at[1]);
  CHECK(rest.texts == std::vector<std::string>{"two", "three"});
  LogReader reader(folder.path);
  CHECK(reader.read(all.at[1], note("two").size()));
  CHECK(!reader.read({1, all.at[1].offset + 1}, note("two").size()).ok());
  CHECK(!reader.read({9, 16}, 10).ok());
}

TEST_CASE("files are begun anew when full, and visited in order") {
  TestFolder folder;
  Seen none, all;
  auto log = opened(folder.path, none, {}, 100);
  for (int i = 0; i < 10; ++i)
    REQUIRE(log->append(note(std::string(40, static_cast<char>('a' + i))), i % 2));
  CHECK(log->files().size() == 10);
  CHECK(log->end().file == 10);
  REQUIRE(log->remove_file(1));
  log.reset();
  auto again = opened(folder.path, all, {}, 100);
  CHECK(all.texts.size() == 9);
  CHECK(again->end().file == 10);
}

TEST_CASE("a torn tail is passed over at every length, and nothing is overwritten") {
  std::string torn = note("this one was never finished");
  for (std::size_t size = 1; size < torn.size(); ++size) {
    TestFolder folder;
    Seen none, before, after;
    REQUIRE(opened(folder.path, none)->append(note("whole"), true));
    std::ofstream(log_path(folder.path, 1), std::ios::app | std::ios::binary)
        << torn.substr(0, size);
    auto log = opened(folder.path, before);
    CHECK(before.texts == std::vector<std::string>{"whole"});
    CHECK(log->torn_bytes() == size);
    CHECK(log->end().file == 2);
    REQUIRE(log->append(note("next"), true));
    log.reset();
    opened(folder.path, after);
    CHECK(after.texts == std::vector<std::string>{"whole", "next"});
  }
}

namespace {
void flip(const std::string& path, std::uint64_t offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  char byte = 0;
  file.seekg(static_cast<std::streamoff>(offset)).get(byte);
  file.seekp(static_cast<std::streamoff>(offset)).put(static_cast<char>(byte ^ 0x40));
}
}  // namespace

TEST_CASE("a flipped byte costs its own entry, whichever byte it is") {
  std::string second = note("two");
  for (std::size_t byte = 0; byte < second.size(); ++byte) {
    TestFolder folder;
    Seen none, after;
    {
      auto log = opened(folder.path, none);
      for (const char* text : {"one", "two", "three"}) REQUIRE(log->append(note(text), true));
    }
    std::uint64_t offset = kLogMagic.size() + note("one").size();
    flip(log_path(folder.path, 1), offset + byte);
    auto log = opened(folder.path, after);
    INFO(byte);
    CHECK(after.texts == std::vector<std::string>{"one", "three"});
    CHECK(log->torn_bytes() == 0);
    REQUIRE(log->damages().size() == 1);
    CHECK(log->damages()[0].at == LogPosition{1, offset});
    CHECK(log->damages()[0].bytes == second.size());
    auto checked = log->check(1, log->end());
    REQUIRE(checked);
    CHECK(checked->size() == 1);
    CHECK(log->end().file == 1);
    REQUIRE(log->append(note("four"), true));
  }
}

TEST_CASE("damage at the end of a finished file is told from a write that was never finished") {
  TestFolder folder;
  Seen none, torn, damaged;
  REQUIRE(opened(folder.path, none)->append(note("one"), true));
  std::string path = log_path(folder.path, 1);
  std::ofstream(path, std::ios::app | std::ios::binary) << note("two").substr(0, 9);
  REQUIRE(opened(folder.path, torn)->append(note("three"), true));
  Seen again;
  auto log = opened(folder.path, again);
  CHECK(again.texts == std::vector<std::string>{"one", "three"});
  CHECK(log->torn_bytes() == 9);
  CHECK(log->damages().empty());
  flip(path, kLogMagic.size() + 9);
  log = opened(folder.path, damaged);
  CHECK(damaged.texts == std::vector<std::string>{"three"});
  REQUIRE(log->damages().size() == 1);
  CHECK(log->damages()[0].at == LogPosition{1});
}

TEST_CASE("a file that is missing in the middle is damage, and so is a file's head") {
  TestFolder folder;
  Seen none, all;
  {
    auto log = opened(folder.path, none, {}, 60);
    for (const char* text : {"one", "two", "three"})
      REQUIRE(log->append(note(text + std::string(40, '.')), true));
  }
  std::filesystem::remove(log_path(folder.path, 2));
  flip(log_path(folder.path, 3), 0);
  auto log = opened(folder.path, all, {}, 60);
  CHECK(all.texts.size() == 2);
  REQUIRE(log->damages().size() == 2);
  CHECK(log->damages()[0].at.file == 2);
  CHECK(log->damages()[0].bytes == 0);
  CHECK(log->damages()[1].at == LogPosition{3, 0});
}

TEST_CASE("an entry that an agent hid in its statement is not taken for one") {
  std::string hidden = note("forged");
  TestFolder folder;
  Seen none, after;
  std::string carrier;
  append_log_record(carrier, {}, 1, as_bytes("text " + hidden + " and so on"));
  {
    auto log = opened(folder.path, none);
    REQUIRE(log->append(carrier, true));
    REQUIRE(log->append(note("next"), true));
  }
  flip(log_path(folder.path, 1), kLogMagic.size() + 1);  // of the carrier's length
  auto log = opened(folder.path, after);
  CHECK(after.texts == std::vector<std::string>{"next"});
  REQUIRE(log->damages().size() == 1);
  CHECK(log->damages()[0].bytes == carrier.size());
}

TEST_CASE("entries carry what was put into them") {
  audit::Id writer{};
  writer.fill(7);
  std::string frames, body = "record";
  append_log_record(frames, writer, -5, as_bytes(body));
  append_log_enrolment(frames, "token-name", 9, as_bytes(body));
  TestFolder folder;
  Seen none;
  auto log = opened(folder.path, none);
  REQUIRE(log->append(frames, true));
  std::vector<LogEntry> entries;
  std::vector<std::string> kept;
  REQUIRE(log->visit({}, [&](LogPosition, LogPosition, Bytes payload) {
    kept.emplace_back(as_text(payload));
    return Result<void>();
  }));
  for (const std::string& payload : kept) entries.push_back(*parse_log_entry(as_bytes(payload)));
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].writer == writer);
  CHECK(entries[0].received_ns == -5);
  CHECK(as_text(entries[0].body) == "record");
  CHECK(entries[1].token == "token-name");
  CHECK(entries[1].received_ns == 9);
  for (const std::string& payload : kept) {
    for (std::size_t size = 0; size < 20; ++size)
      (void)parse_log_entry(as_bytes(payload).first(size));
  }
  CHECK(!parse_log_entry(as_bytes("Xunknown")));
}
