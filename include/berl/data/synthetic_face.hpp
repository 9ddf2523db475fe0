#pragma once
#include <berl/core/error.hpp>              // Error
#include <berl/data/synthetic_picture.hpp>  // render_picture, render_truth

#include <cstdio>  // snprintf
#include <limits>
#include <memory>
#include <mutex>  // call_once
#include <string>
#include <vector>

/// Faces made up by a program, each in many pictures whose depth, normals, albedo, light and viewpoint are known.
///   synthetic_identity  numbers that say who somebody is       synthetic_shape, synthetic_albedo  how they look
///   synthetic_head      triangles and texture, once a person   synthetic_scene                    what one picture shows
///   synthetic_render    a z-buffer of its own                  synthetic_picture                  picture and truth
namespace berl::data {
struct SyntheticPicture {
  io::Image image;
  SyntheticTruth truth;
};

/// One picture with its truth; everything follows from (seed, identity, picture, options). Builds the head anew: for many
/// pictures take SyntheticFaces.
inline SyntheticPicture synthetic_picture(Seed seed, std::uint64_t identity, std::uint64_t picture, SyntheticOptions const& options = {}) {
  options.require_valid();
  auto const head = synthetic_head(synthetic_identity(seed, identity));
  auto const scene = synthetic_scene(seed, identity, picture, options);
  return {render_picture(head, scene), render_truth(head, scene)};
}

struct SyntheticWorld {
  Seed seed{};
  int identities = 100, pictures_per_identity = 10;
  std::uint64_t first_identity = 0;  ///< identities are first_identity, first_identity + 1, ...: other numbers, other people
  std::uint64_t first_picture = 0;   ///< likewise: other numbers, other pictures of the same people
  SyntheticOptions options{};
};

/// A data set: picture i shows identity i / pictures_per_identity, whose label that is. A head is built when first needed and
/// kept (about 0.7 MB each). All functions are const and may run in several threads.
class SyntheticFaces {
 public:
  /// errors  Error, when nobody or no picture is asked for, or when an option is out of range
  explicit SyntheticFaces(SyntheticWorld const& world) : world_(world) {
    auto const positive = [](char const* what, int n) {
      if (n < 1) throw Error(std::string("berl::data::SyntheticFaces: ") + what, std::to_string(n), "at least 1", "Ask for at least one.");
    };
    positive("identities", world.identities), positive("pictures_per_identity", world.pictures_per_identity);
    world.options.require_valid();
    if (world.pictures_per_identity > std::numeric_limits<int>::max() / world.identities)
      throw Error("berl::data::SyntheticFaces", "more than 2147483647 pictures", "fewer", "Ask for fewer pictures or identities.");
    heads_ = std::make_unique<Kept[]>(static_cast<std::size_t>(world.identities));
  }

  SyntheticWorld const& world() const { return world_; }
  int size() const { return world_.identities * world_.pictures_per_identity; }
  int identities() const { return world_.identities; }
  int label(int i) const { return checked(i) / world_.pictures_per_identity; }
  std::string name(int i) const {
    char text[64];
    std::snprintf(text, sizeof text, "synthetic/%05llu/%04llu", static_cast<unsigned long long>(identity_of(i)),
                  static_cast<unsigned long long>(picture_of(i)));
    return text;
  }
  io::Image load(int i) const { return render_picture(head(label(i)), scene(i)); }
  SyntheticTruth truth(int i) const { return render_truth(head(label(i)), scene(i)); }
  SyntheticScene scene(int i) const { return synthetic_scene(world_.seed, identity_of(i), picture_of(i), world_.options); }
  SyntheticHead const& head(int label) const {
    Kept& kept = heads_[static_cast<std::size_t>(label)];
    std::call_once(kept.once, [&] {
      kept.head = synthetic_head(synthetic_identity(world_.seed, world_.first_identity + static_cast<std::uint64_t>(label)));
    });
    return kept.head;
  }

 private:
  struct Kept {
    std::once_flag once;
    SyntheticHead head;
  };

  int checked(int i) const {
    if (i < 0 || i >= size())
      throw Error("berl::data::SyntheticFaces: picture", std::to_string(i), "0 to " + std::to_string(size() - 1), "Stay below size().");
    return i;
  }
  std::uint64_t identity_of(int i) const { return world_.first_identity + static_cast<std::uint64_t>(label(i)); }
  std::uint64_t picture_of(int i) const {
    return world_.first_picture + static_cast<std::uint64_t>(checked(i) % world_.pictures_per_identity);
  }

  SyntheticWorld world_;
  std::unique_ptr<Kept[]> heads_;
};
}  // namespace berl::data
