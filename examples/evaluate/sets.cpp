#include "sets.hpp"

#include <berl/core/error.hpp>  // Error

#include <algorithm>  // count, sort
#include <charconv>   // from_chars
#include <cstring>    // memcpy
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "pickle.hpp"  // Reader

namespace evaluate {
using berl::Error;
namespace fs = std::filesystem;

namespace {
/// The lines of a text file that are not empty, one at a time, and their fields.
class Lines {
 public:
  Lines(fs::path const& path, std::string expected) : path_(path.string()), expected_(std::move(expected)), file_(path) {
    if (!file_ || fs::is_directory(path)) throw Error(path_, "no file that can be read", expected_, "Check the path and its permissions.");
  }
  bool next() {
    while (std::getline(file_, line_)) {
      ++number_;
      while (!line_.empty() && (line_.back() == '\r' || line_.back() == ' ')) line_.pop_back();
      if (!line_.empty()) return true;
    }
    return false;
  }
  std::string const& text() const { return line_; }
  std::string where() const { return path_ + ", line " + std::to_string(number_); }
  std::string const& path() const { return path_; }
  std::string const& expected() const { return expected_; }
  /// So many fields or more: between blanks, any number of which are one; or between commas or tabs.
  std::vector<std::string_view> const& fields(std::size_t least, char separator = ' ') {
    fields_.clear();
    std::string_view rest = line_;
    for (bool more = true; more;) {
      auto const end = rest.find(separator);
      if (separator != ' ' || end != 0) fields_.push_back(rest.substr(0, end));
      more = end != std::string_view::npos;
      if (more) rest.remove_prefix(end + 1);
    }
    if (fields_.size() < least) bad(std::to_string(fields_.size()) + " fields");
    return fields_;
  }
  template <class T>
  T number(std::size_t field) const {
    T value{};
    auto const text = fields_[field];
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) bad("'" + std::string(text.substr(0, 40)) + "'");
    return value;
  }
  [[noreturn]] void bad(std::string const& found) const { throw Error(where(), found, expected_, "Correct the line."); }

 private:
  std::string path_, expected_, line_;
  std::ifstream file_;
  std::vector<std::string_view> fields_;
  int number_ = 0;
};
}  // namespace

PairSet read_pair_set(std::string const& path) {
  pickle::Reader reader(path);
  auto const whole = reader.read();
  if (whole->items.size() != 2) reader.fail("something else than pictures and flags");
  auto const &pictures = whole->items[0]->items, &flags = whole->items[1]->items;
  PairSet set;
  for (auto const& picture : pictures) {
    if (picture->bytes.empty()) reader.fail("a picture without bytes");
    set.pictures.emplace_back(picture->bytes.begin(), picture->bytes.end());
  }
  for (auto const& flag : flags) {
    if (flag->kind != pickle::Kind::number || (flag->number != 0 && flag->number != 1))
      reader.fail("a flag that is neither true nor false");
    set.same.push_back(static_cast<std::uint8_t>(flag->number));
  }
  for (char const c : whole->items[1]->bytes) set.same.push_back(c != 0);  // of an array
  if (set.same.empty() || set.pictures.size() != 2 * set.same.size())
    reader.fail(std::to_string(set.pictures.size()) + " pictures and " + std::to_string(set.same.size()) + " flags");
  return set;
}

IjbFaces read_ijb_faces(std::string const& meta, std::string const& set) {
  IjbFaces faces;
  Lines media(fs::path(meta) / (set + "_face_tid_mid.txt"), "name, template and medium of each face");
  while (media.next()) {
    faces.names.emplace_back(media.fields(3)[0]);
    faces.template_id.push_back(media.number<int>(1)), faces.medium.push_back(media.number<int>(2));
  }
  Lines points(fs::path(meta) / (set + "_name_5pts_score.txt"), "name, ten coordinates and score of each face");
  while (points.next()) {
    auto const& fields = points.fields(12);
    std::size_t const k = faces.landmarks.size();
    if (k < faces.names.size() && fields[0] != faces.names[k])
      throw Error(points.where(), "the face " + std::string(fields[0]), faces.names[k] + ", as in " + media.path(),
                  "Give the two lists of one set.");
    auto& face = faces.landmarks.emplace_back();
    for (std::size_t i = 0; i < 5; ++i) face[i] = {points.number<double>(1 + 2 * i), points.number<double>(2 + 2 * i)};
    faces.detector.push_back(points.number<float>(11));
  }
  if (faces.names.empty() || faces.landmarks.size() != faces.names.size())
    throw Error(points.path(), std::to_string(faces.landmarks.size()) + " faces",
                std::to_string(faces.names.size()) + ", as in " + media.path(), "Give the two lists of one set.");
  return faces;
}
IjbPairs read_ijb_pairs(std::string const& meta, std::string const& set) {
  IjbPairs pairs;
  Lines lines(fs::path(meta) / (set + "_template_pair_label.txt"), "two templates, and 1 (one person) or 0 (two)");
  while (lines.next()) {
    lines.fields(3);
    int const same = lines.number<int>(2);
    if (same != 0 && same != 1) lines.bad("label " + std::to_string(same));
    pairs.a.push_back(lines.number<int>(0)), pairs.b.push_back(lines.number<int>(1));
    pairs.same.push_back(static_cast<std::uint8_t>(same));
  }
  return pairs;
}

namespace {
/// Template and subject of each line, each pair once: the lists of NIST have a line for each picture of a template.
IjbSubjects read_subjects(fs::path const& path) {
  IjbSubjects s;
  std::map<int, int> known;
  Lines lines(path, "a heading, then template and subject between commas");
  lines.next();
  while (lines.next()) {
    lines.fields(2, ',');
    int const id = lines.number<int>(0), subject = lines.number<int>(1);
    auto const [at, fresh] = known.emplace(id, subject);
    if (at->second != subject) lines.bad("template " + std::to_string(id) + " of a second subject");
    if (fresh) s.template_id.push_back(id), s.subject.push_back(subject);
  }
  if (s.template_id.empty()) throw Error(path.string(), "no template", lines.expected(), "Give the list of the set.");
  return s;
}
}  // namespace
IjbGalleries read_ijb_galleries(std::string const& meta, std::string const& set) {
  auto const path = [&](std::string const& name) { return fs::path(meta) / (set + "_1N_" + name + ".csv"); };
  std::string const letter = set == "ijbb" ? "gallery_S" : "gallery_G";
  return {read_subjects(path(letter + "1")), read_subjects(path(letter + "2")), read_subjects(path("probe_mixed"))};
}
std::vector<std::uint8_t> read_occluded(std::string const& path, std::size_t faces) {
  std::vector<std::uint8_t> flags;
  Lines lines(path, "1 (partly hidden) or 0 for each face, one a line");
  while (lines.next()) {
    if (lines.text() != "0" && lines.text() != "1") lines.bad("'" + lines.text().substr(0, 40) + "'");
    flags.push_back(lines.text() == "1");
  }
  if (flags.size() != faces)
    throw Error(path, std::to_string(flags.size()) + " lines", std::to_string(faces) + ", one for each face", "Give the list of this set.");
  return flags;
}

std::vector<std::string> read_paths(std::string const& path) {
  std::vector<std::string> paths;
  std::string const expected = "JSON with \"path\", a list, or text with one path a line";
  Lines lines(path, expected);
  if (std::ifstream file(path); file.peek() == '{') {
    auto const json = nlohmann::json::parse(file, nullptr, false);
    if (!json.is_object() || !json.contains("path") || !json["path"].is_array())
      throw Error(path, "no JSON with a list \"path\"", expected, "Give the list of the kit.");
    for (auto const& p : json["path"]) {
      if (!p.is_string()) throw Error(path, "a path that is no text", expected, "Give the list of the kit.");
      paths.push_back(p);
    }
  } else {
    while (lines.next()) paths.push_back(lines.text());
  }
  if (paths.empty()) throw Error(path, "no path", expected, "Give the list of the kit.");
  return paths;
}
std::string tail(std::string const& path, int parts) {
  std::size_t at = path.size();
  for (; parts > 0 && at != std::string::npos && at != 0; --parts) at = path.rfind('/', at - 1);
  return at == std::string::npos || (at == 0 && path.front() != '/') ? path : path.substr(at + (path[at] == '/' ? 1 : 0));
}
std::unordered_set<std::string> read_noise(std::string const& path, int parts) {
  std::unordered_set<std::string> noisy;
  Lines lines(path, "one path a line");
  while (lines.next()) {
    if (lines.text().front() == '#') continue;
    auto const& fields = lines.fields(1, '\t');
    noisy.insert(tail(std::string(fields[fields.size() > 1 ? 1 : 0]), parts));
  }
  return noisy;
}
std::vector<float> read_feature(std::string const& path) {
  std::ifstream file(path, std::ios::binary);
  std::string const expected = "four int32 (numbers, 1, 4, 5), then the numbers";
  if (!file) throw Error(path, "no file that can be read", expected, "Check the folder and the suffix.");
  std::int32_t head[4] = {};
  file.read(reinterpret_cast<char*>(head), sizeof head);
  constexpr std::int32_t most = 1 << 16;
  if (!file || head[0] < 1 || head[0] > most || head[1] != 1 || head[2] != 4 || head[3] != 5)
    throw Error(path, "another heading", expected, "Give the features of MegaFace's kit.");
  std::vector<float> values(static_cast<std::size_t>(head[0]));
  file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(4 * values.size()));
  if (!file || file.peek() != std::ifstream::traits_type::eof())
    throw Error(path, "a file that is too short or too long", std::to_string(16 + 4 * values.size()) + " bytes", "Write it once more.");
  return values;
}

AttributeList read_celeba(std::string const& folder) {
  std::map<std::string, int> part;
  Lines parts(fs::path(folder) / "list_eval_partition.txt", "the name of a picture, and 0, 1 or 2");
  while (parts.next()) {
    std::string const name(parts.fields(2)[0]);
    part[name] = parts.number<int>(1);
  }
  AttributeList list;
  Lines lines(fs::path(folder) / "list_attr_celeba.txt",
              "the number of pictures, then the names of the attributes, then the name of a picture and 1 or -1 for each attribute");
  if (lines.next(), lines.next())
    for (auto const name : lines.fields(1)) list.attributes.emplace_back(name);
  while (lines.next()) {
    auto const& fields = lines.fields(1 + list.attributes.size());
    std::string const name(fields[0]);
    auto const at = part.find(name);
    if (at == part.end()) throw Error(lines.where(), name, "a picture of " + parts.path(), "Give the two lists of one set.");
    if (at->second != 2) continue;
    list.pictures.push_back(name);
    for (std::size_t k = 0; k < list.attributes.size(); ++k) {
      int const value = lines.number<int>(1 + k);
      if (value != 1 && value != -1) lines.bad("value " + std::to_string(value));
      list.labels.push_back(value == 1);
    }
  }
  return list;
}
AttributeList read_lfwa(std::string const& path) {
  AttributeList list;
  Lines lines(path, "path, tab, 0 (training) or 2 (test), tab, a digit 0 or 1 for each attribute");
  std::size_t attributes = 0;
  while (lines.next()) {
    auto const& fields = lines.fields(3, '\t');
    auto const digits = fields[2];
    if (attributes == 0) attributes = digits.size();
    if (digits.empty() || digits.size() != attributes || digits.find_first_not_of("01") != std::string_view::npos)
      lines.bad("'" + std::string(digits.substr(0, 60)) + "'");
    if (fields[1] != "0" && fields[1] != "2") lines.bad("split " + std::string(fields[1]));
    if (fields[1] == "0") continue;
    list.pictures.emplace_back(fields[0]);
    for (char const c : digits) list.labels.push_back(c == '1');
  }
  for (std::size_t k = 0; k < attributes; ++k) list.attributes.push_back("attribute " + std::to_string(k + 1));
  return list;
}
}  // namespace evaluate
