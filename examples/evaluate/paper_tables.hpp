#pragma once
#include "report.hpp"  // Table

/// The tables of he2022, in percent, without our rows. Table 5, which has one figure for each method, has them below one another.
namespace evaluate::paper {
inline Table pretraining() {
  return {.title = "LFWA attribute accuracy after different pre-training, percent (he2022, Table 1)",
          .columns = {"5%", "10%", "20%", "50%", "100%"},
          .paper = {{"from scratch", {77.82, 80.24, 78.82, 81.47, 86.43}},
                    {"3D", {79.96, 83.15, 84.16, 85.45, 86.85}},
                    {"FR", {83.39, 84.62, 85.11, 85.74, 86.34}},
                    {"3D + FR", {84.08, 85.33, 85.96, 86.13, 86.39}}},
          .ours = {}};
}
inline Table ijbb() {
  return {.title = "IJB-B 1:1, TAR at FAR, percent (he2022, Table 2)",
          .columns = {"1e-6", "1e-5", "1e-4"},
          .paper = {{"SphereFace", {39.40, 73.58, 89.19}},
                    {"CosFace", {40.41, 89.25, 94.01}},
                    {"ArcFace", {not_given, not_given, 94.20}},
                    {"NPCFace", {not_given, 85.59, 92.02}},
                    {"MagFace", {40.91, 89.88, 94.33}},
                    {"CurricularFace", {42.26, 89.02, 94.83}},
                    {"3D-BERL", {45.77, 90.60, 94.98}}},
          .ours = {}};
}
inline Table ijbc() {
  return {.title = "IJB-C 1:1, TAR at FAR, percent (he2022, Table 3)",
          .columns = {"1e-6", "1e-5", "1e-4"},
          .paper = {{"CenterFace", {not_given, 78.10, 85.30}},
                    {"SphereFace", {68.86, 83.33, 91.77}},
                    {"AdaCos", {83.28, 88.03, 92.40}},
                    {"DDL", {not_given, 88.40, 93.10}},
                    {"PFE", {not_given, 89.64, 93.25}},
                    {"CosFace", {87.96, 92.68, 95.56}},
                    {"ArcFace", {not_given, not_given, 95.60}},
                    {"DUL", {not_given, 90.23, 94.21}},
                    {"NPCFace", {not_given, 88.08, 92.90}},
                    {"DiscFace", {not_given, 92.42, 94.82}},
                    {"CircleLoss", {not_given, 89.10, 93.25}},
                    {"MagFace", {89.26, 93.67, 95.81}},
                    {"CurricularFace", {87.46, 93.85, 96.20}},
                    {"3D-BERL", {88.45, 94.30, 96.20}}},
          .ours = {}};
}
inline Table occlusion() {
  return {.title = "IJB-C occlusion subset, TAR at FAR, percent (he2022, Table 4)",
          .columns = {"1e-6", "1e-5", "1e-4", "1e-3"},
          .paper = {{"InterpretFR", {not_given, not_given, not_given, 89.80}},
                    {"CurricularFace", {70.23, 89.23, 93.41, 95.33}},
                    {"3D-BERL", {75.09, 90.24, 93.41, 95.44}}},
          .ours = {}};
}
inline Table megaface() {
  return {.title = "MegaFace challenge 1, identification at rank 1, percent (he2022, Table 5)",
          .columns = {"rank-1"},
          .paper = {{"AdaptiveFace", {95.02}},
                    {"AdaCos", {97.41}},
                    {"CosFace", {97.91}},
                    {"MV-Arc-Softmax", {97.74}},
                    {"ArcFace", {98.35}},
                    {"CircleLoss", {98.50}},
                    {"3D-BERL", {98.63}}},
          .ours = {}};
}
inline Table celeba() {
  return {.title = "CelebA attribute accuracy by part of the training pictures, percent (he2022, Table 6)",
          .columns = {"0.2%", "0.5%", "1%", "2%", "100%"},
          .paper = {{"SlimCNN", {79.90, 80.20, 80.96, 82.32, 91.24}},
                    {"DeepCluster", {83.21, 86.13, 87.46, 88.86, 91.68}},
                    {"JigsawPuzzle", {82.88, 84.71, 86.25, 87.77, 91.57}},
                    {"Rot", {83.25, 86.51, 87.67, 88.82, 91.69}},
                    {"FixMatch", {80.22, 84.19, 85.77, 86.14, 89.78}},
                    {"VAT", {81.44, 84.02, 86.30, 87.28, 91.44}},
                    {"Unsup3D", {83.36, 84.61, 86.04, 86.88, 90.31}},
                    {"SSPL", {86.67, 88.05, 88.84, 89.58, 91.77}},
                    {"Baseline", {80.53, 82.25, 83.06, 83.89, 89.48}},
                    {"3D-BERL", {87.34, 88.02, 88.95, 89.42, 90.23}}},
          .ours = {}};
}
inline Table lfwa() {
  return {.title = "LFWA attribute accuracy by part of the training pictures, percent (he2022, Table 7)",
          .columns = {"5%", "10%", "20%", "50%", "100%"},
          .paper = {{"SlimCNN", {70.90, 71.49, 72.12, 73.45, 76.02}},
                    {"DeepCluster", {74.21, 77.42, 80.77, 84.27, 85.90}},
                    {"JigsawPuzzle", {73.90, 77.01, 79.56, 83.29, 84.86}},
                    {"Rot", {74.40, 76.67, 81.52, 84.90, 85.72}},
                    {"FixMatch", {71.42, 72.78, 75.10, 80.87, 83.84}},
                    {"VAT", {72.19, 74.42, 76.26, 80.55, 84.68}},
                    {"SSPL", {78.68, 81.65, 83.45, 85.43, 86.53}},
                    {"Baseline", {77.82, 80.24, 78.82, 81.47, 86.43}},
                    {"3D-BERL", {84.08, 85.33, 85.96, 86.13, 86.39}}},
          .ours = {}};
}
/// Not of the paper, which has no such table: what the released CurricularFace model reports (huang2020), to check the protocol by.
inline Table verification() {
  return {.title = "Verification accuracy, percent (first row: released model of huang2020)",
          .columns = {"lfw", "cfp_fp", "agedb_30", "calfw", "cplfw"},
          .paper = {{"CurricularFace", {99.80, 98.36, 98.37, 96.05, 93.13}}},
          .ours = {}};
}
}  // namespace evaluate::paper
