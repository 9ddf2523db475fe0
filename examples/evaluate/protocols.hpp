#pragma once

/// One subcommand for each protocol, as if it were a program of its own: argv[1] is its first argument. The exit code.
namespace evaluate {
int lfw(int argc, char** argv);
int pairs(int argc, char** argv);
int ijb11(int argc, char** argv);
int ijb1n(int argc, char** argv);
int ijb_occlusion(int argc, char** argv);
int megaface(int argc, char** argv);
int attributes(int argc, char** argv);
int shape(int argc, char** argv);
}  // namespace evaluate
