#include "sidecar/net/file_watch.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

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
