#include "sidecar/net/file_watch.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "sidecar/net/limits.h"
#include "sidecar/net/timer.h"
#include "tests/unit/net/child.h"
#include "tests/unit/net/support.h"

using namespace chaperone;
using namespace chaperone::net;
namespace fs = std::filesystem;

TEST_CASE("a watch sees each way in which a file's content changes") {
  test::TempDir dir;
  Loop loop;
  int changes = 0;
  std::string path = dir / "policy.yaml";
  std::unique_ptr<FileWatch> watch;
  Timer busy(loop, [&] { std::ofstream(dir / "neighbour") << "x"; });
  auto start = [&] { watch = std::make_unique<FileWatch>(loop, path, [&] { ++changes; }); };
  SECTION("written in place") {
    std::ofstream(path) << "one";
    start();
    std::ofstream(path) << "second";
  }
  SECTION("written in place, as long and as old as before") {
    std::ofstream(path) << "one";
    const auto before = fs::last_write_time(path);
    start();
    std::ofstream(path) << "two";
    fs::last_write_time(path, before);
  }
  SECTION("beside a neighbour that never rests") {
    std::ofstream(path) << "one";
    start();
    std::ofstream(path) << "second";
    busy.start(0, 20);
  }
  SECTION("replaced by rename") {
    std::ofstream(path) << "one";
    start();
    std::ofstream(dir / "new") << "two";
    fs::rename(dir / "new", path);
  }
  SECTION("created") {
    start();
    std::ofstream(path) << "one";
  }
  SECTION("removed") {
    std::ofstream(path) << "one";
    start();
    fs::remove(path);
  }
  SECTION("the symlink swap of a ConfigMap") {
    for (const char* version : {"v1", "v2"}) {
      fs::create_directory(dir / version);
      std::ofstream(dir / (std::string(version) + "/policy.yaml")) << version;
    }
    fs::create_directory_symlink("v1", dir / "..data");
    fs::create_symlink("..data/policy.yaml", path);
    start();
    fs::create_directory_symlink("v2", dir / "..data_tmp");
    fs::rename(dir / "..data_tmp", dir / "..data");
  }
  test::run_until(loop, [&] { return changes > 0; });
  CHECK(changes == 1);
}

TEST_CASE("who writes a file in place is waited for until it is closed") {
  test::TempDir dir;
  Loop loop;
  int changes = 0;
  std::string path = dir / "policy.yaml";
  fs::create_directory(dir / "elsewhere");
  std::ofstream file;
  std::unique_ptr<FileWatch> watch;
  auto start = [&] { watch = std::make_unique<FileWatch>(loop, path, [&] { ++changes; }); };
  SECTION("rewritten") {
    std::ofstream(path) << "one";
    start();
    file.open(path);
  }
  SECTION("made") {
    start();
    file.open(path);
  }
  SECTION("rewritten behind a link into another folder") {
    std::ofstream(dir / "elsewhere/real") << "one";
    fs::create_symlink("elsewhere/real", path);
    start();
    file.open(path);
  }
  SECTION("appended to") {
    std::ofstream(path) << "one";
    start();
    file.open(path, std::ios::app);
  }
  file << "half of it\n" << std::flush;
  int quiet = 0;  // long after a change that nobody is writing would have been told
  Timer rest(loop, [&] { ++quiet; });
  rest.start(5 * kFileQuietMs, 0);
  test::run_until(loop, [&] { return quiet > 0; });
  CHECK(changes == 0);
  file << "and the rest" << std::flush;
  file.close();
  test::run_until(loop, [&] { return changes > 0; });
  CHECK(changes == 1);
}

TEST_CASE("a writer that is overtaken by a rename is not waited for") {
  test::TempDir dir;
  Loop loop;
  int changes = 0;
  std::string path = dir / "policy.yaml";
  std::ofstream(path) << "one";
  FileWatch watch(loop, path, [&] { ++changes; });
  std::ofstream file(path);
  file << "half of it" << std::flush;
  std::ofstream(dir / "new") << "two";
  fs::rename(dir / "new", path);
  test::run_until(loop, [&] { return changes > 0; });
  CHECK(changes == 1);
}

TEST_CASE("a neighbour's change is no change, and a watch may end in its callback") {
  test::TempDir dir;
  Loop loop;
  std::string path = dir / "a";
  std::ofstream(path) << "one";
  std::unique_ptr<FileWatch> watch;
  int changes = 0;
  watch = std::make_unique<FileWatch>(loop, path, [&] {
    ++changes;
    watch.reset();
  });
  int neighbour = 0;
  FileWatch other(loop, dir / "b", [&] { ++neighbour; });
  std::ofstream(dir / "b") << "x";
  test::run_until(loop, [&] { return neighbour == 1; });
  CHECK(changes == 0);
  std::ofstream(path) << "second";
  test::run_until(loop, [&] { return changes == 1; });
  CHECK_FALSE(watch);
}
