#include "../../examples/settings_file.hpp"

#include <doctest/doctest.h>

#include "../io/scratch_folder.hpp"

using berl::Error;
using berl::test::message_of, berl::test::ScratchFolder, berl::test::spit;

namespace {
struct File {
  ScratchFolder folder;
  std::string path = (folder / "a.toml").string();
  berl::train::Config read(std::string const& text) const {
    spit(path, text);
    berl::train::Config config;
    read_config(config, path);
    return config;
  }
  std::string refused(std::string const& text) const {
    return message_of<Error>([&] { read(text); });
  }
};
std::string times(int n, std::string const& text) {
  std::string all;
  for (int i = 0; i < n; ++i) all += text;
  return all;
}
}  // namespace

TEST_CASE("settings file: tables, dotted keys and tables in a line") {
  File const file;
  auto const config = file.read(
      "# a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z.a.b.c.d.e.f.g.h\n"
      "\n"
      "  batch = 7  # [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n"
      "init = \"../../../../../../../../../../../a\\\"../../../../../../b.pth\" # .\n"
      "stage2 = {steps = 4, adam_lr = 0.5}\r\n"
      "stage1.lr = 0.25\n"
      "[stage3]\n"
      "\tsteps = 9\n");
  CHECK(config.batch == 7);
  CHECK(config.init == "../../../../../../../../../../../a\"../../../../../../b.pth");
  CHECK(config.stage[1].steps == 4);
  CHECK(config.stage[1].adam_lr == 0.5);
  CHECK(config.stage[0].lr == 0.25);
  CHECK(config.stage[2].steps == 9);
  std::string all;  // every setting of imaging in one line
  berl::io::visit_settings(config.imaging, [&](char const* name, auto const& value, char const*) {
    bool const quoted = std::is_enum_v<std::remove_cvref_t<decltype(value)>>;
    std::string const quote = quoted ? "'" : "";
    all += (all.empty() ? "" : ", ") + std::string(name) + " = " + quote + berl::io::to_text(value) + quote;
  });
  CHECK_NOTHROW(file.read("imaging = {" + all + "}\n"));
}

TEST_CASE("settings file: what is wrong has its line") {
  File const file;
  CHECK(file.refused("\n\nbatch = 3\nbatch = many\n").starts_with(file.path + ", line 4: found "));
  CHECK(file.refused("\n[stage1]\n\nstps = 3\n").starts_with(file.path + ", line 4: found the key 'stage1.stps'"));
  CHECK(file.refused("init = '''a\nb'''\n") ==
        file.path + ", line 1: found a text of several lines; expected a text of one line. Write it between two quotation marks.");
  CHECK(message_of<Error>([] {
          berl::train::Config config;
          read_config(config, "nowhere.toml");
        }).starts_with("nowhere.toml: found no file that can be read; expected TOML"));
}

TEST_CASE("settings file: nesting without end is an error, and no crash") {
  File const file;
  std::string const says = " points and brackets; expected at most 32. ";
  for (int const parts : {40, 20'000})
    for (std::string const& text :
         {"a" + times(parts, ".a") + " = 1\n", "[a" + times(parts, ".a") + "]\n", "[[a" + times(parts, ".a") + "]]\n",
          "a = " + times(parts, "[") + "\n", "a = " + times(parts, "{a=") + "\n"}) {
      auto const message = file.refused("batch = 3\n" + text);
      CHECK_MESSAGE(message.starts_with(file.path + ", line 2: found "), message.substr(0, 200));
      CHECK_MESSAGE(message.find(says) != std::string::npos, message.substr(0, 200));
    }
  CHECK(file.refused("a" + times(50'000, ".a") + " = 1\n").find(", line 1: found a line of more than 65535 bytes; ") != std::string::npos);
  // over many lines, each as deep as a line may be
  auto const deep = file.refused("a = [\n" + times(100'000, "{b" + times(29, ".b") + " = [\n"));
  CHECK_MESSAGE(deep.find("exceeded maximum nested value depth") != std::string::npos, deep.substr(0, 200));
  auto const closed = file.refused("a = [\n" + times(120, "{b" + times(29, ".b") + " = [\n") + times(120, "]}\n") + "]\n");
  CHECK_MESSAGE(closed.find(", line 1: a: found a list or a date; ") != std::string::npos, closed.substr(0, 200));
}
