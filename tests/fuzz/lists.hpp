#pragma once
#include <berl/data/align.hpp>
#include <berl/data/attributes.hpp>
#include <berl/data/cropped_pictures.hpp>
#include <berl/data/ijb_nist.hpp>
#include <berl/data/listed_faces.hpp>
#include <berl/data/megaface.hpp>
#include <berl/data/pairs.hpp>
#include <berl/data/record_list.hpp>

namespace fuzz {
/// Reads a file, or two, by the reader that a digit or letter stands for; false for one that stands for none.
inline bool read_list(char reader, std::string const& a, std::string const& b) {
  using namespace berl::data;
  switch (reader) {
    case '0': (void)read_pairs(a); break;
    case '1': (void)read_landmarks(a); break;
    case '2': (void)read_template_faces(a, b); break;
    case '3': (void)read_template_pairs(a); break;
    case '4': (void)read_template_subjects(a); break;
    case '5': (void)read_occlusion(a, 4); break;
    case '6': (void)read_image_list(a); break;
    case '7': (void)read_noise_list(a); break;
    case '8': (void)read_feature(a); break;
    case '9': (void)read_celeba(a, b); break;
    case 'a': (void)read_celeba_landmarks(a); break;
    case 'b': (void)read_celeba_identities(a); break;
    case 'c': (void)read_lfwa(a); break;
    case 'd': (void)read_lst(a); break;
    case 'e': (void)read_property(a); break;
    case 'f': (void)read_nist_faces(a); break;
    case 'g': (void)read_nist_matches(a, {{{1, 2}, {5, 6}}}); break;
    case 'h': (void)read_crops(a); break;
    case 'i': (void)read_megaface_result(a); break;
    case 'j': (void)ListedFaces(a); break;
    default: return false;
  }
  return true;
}
}  // namespace fuzz
