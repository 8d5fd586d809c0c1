// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// A Swift module of ours under `Sources/`.
func module(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

/// Its tests under `Tests/`.
func tests(of name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(name: "\(name)Tests", dependencies: [.byName(name: name), "TestSupport"] + dependencies, swiftSettings: settings)
}

let package = Package(
    name: "Glint",
    products: [
        .library(name: "OpenVINO", targets: ["OpenVINO", "TensorStore"]),
        .library(name: "ModelGraph", targets: ["ModelGraph", "TensorStore"]),
        .library(name: "Audio", targets: ["Audio", "TensorStore"]),
        .library(name: "Diffusion", targets: ["Diffusion"]),
        .library(name: "Speech", targets: ["Speech"]),
        .library(name: "Workflows", targets: ["Workflows"]),
        // An extension of OpenVINO: the runtime loads it from beside the program.
        .library(name: "GlintOperations", type: .dynamic, targets: ["GlintOperations"]),
        .executable(name: "glint", targets: ["glint"]),
    ],
    dependencies: [.package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2")],
    targets: [
        // C libraries, lowest first. `openvino.pc` and `libs` come from `./glint setup`.
        .systemLibrary(name: "COpenVINO", pkgConfig: "openvino"),
        .systemLibrary(name: "COpenVINORuntime", pkgConfig: "openvino-runtime"),
        .systemLibrary(name: "CExpat", pkgConfig: "expat", providers: [.apt(["libexpat1-dev"])]),
        .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
        .systemLibrary(name: "CJPEG", pkgConfig: "libjpeg", providers: [.apt(["libjpeg-dev"])]),
        .systemLibrary(name: "CWebP", pkgConfig: "libwebp", providers: [.apt(["libwebp-dev"])]),
        .systemLibrary(name: "CTIFF", pkgConfig: "libtiff-4", providers: [.apt(["libtiff-dev"])]),
        .systemLibrary(name: "CGIF", providers: [.apt(["libgif-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLAPACK", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CSndFile", pkgConfig: "sndfile", providers: [.apt(["libsndfile1-dev"])]),
        .systemLibrary(name: "CSoXR", pkgConfig: "soxr", providers: [.apt(["libsoxr-dev"])]),
        .target(name: "COpenVINOStrings"),
        .target(name: "CMemoryFile"),
        .target(name: "CNumerics"),
        .target(name: "GlintOperations", dependencies: ["COpenVINORuntime"], exclude: ["Kernels"]),
        .target(
            name: "CImageCodecs", dependencies: ["CPNG", "CJPEG", "CWebP", "CTIFF", "CGIF"],
            // Without a pkg-config module, or in others than libwebp's.
            linkerSettings: ["gif", "webpdemux", "webpmux"].map { .linkedLibrary($0) }),

        // In the order of the data's way.
        module("TensorStore", ["CMemoryFile", "CCrypto"]),
        module("Encryption", ["TensorStore", "CMemoryFile", "CCrypto"]),
        module("OpenVINO", ["COpenVINO", "COpenVINOStrings", "TensorStore"]),
        module("ModelGraph", ["TensorStore", "CExpat"]),
        module("Inference", ["OpenVINO", "ModelGraph", "TensorStore"]),
        module("Architectures", ["ModelGraph"]),
        module("Tokenizers", ["TensorStore", "CZlib"], resources: [.copy("Resources")]),
        module("Adapters", ["TensorStore", "ModelGraph", "Architectures"]),
        module("Hub", ["TensorStore", "CCurl", "CZlib"]),
        module("ModelLoading", ["ModelGraph", "Architectures", "Tokenizers"]),
        module("Quantization", ["ModelGraph", "CNumerics"]),
        module("Imaging", ["CImageCodecs", "TensorStore"]),
        module("Audio", ["CSndFile", "CSoXR", "CNumerics", "TensorStore"]),
        module("Evaluation", ["CLAPACK", "Inference", "ModelLoading", "Imaging"], resources: [.copy("Speech/Resources")]),
        module(
            "Benchmarking",
            ["Architectures", "Imaging", "Inference", "ModelGraph", "ModelLoading", "OpenVINO", "TensorStore"]),
        module("Diffusion", ["Adapters", "Inference", "ModelLoading", "Imaging"]),
        module(
            "Speech", ["Audio", "Inference", "ModelGraph", "ModelLoading", "CNumerics", "CZlib"], resources: [.copy("Resources")]),
        module(
            "Workflows",
            [
                "Diffusion", "Speech", "Audio", "Adapters", "Encryption", "Evaluation", "Quantization", "Hub", "Inference",
                "ModelLoading", "ModelGraph", "Architectures", "Tokenizers", "OpenVINO", "Imaging", "TensorStore",
            ]),
        .executableTarget(
            name: "glint",
            dependencies: [
                "Benchmarking", "Workflows", "Diffusion", "Speech", "Audio", "Adapters", "Encryption", "Hub", "Inference",
                "ModelLoading", "Quantization", "Evaluation", "Tokenizers", "OpenVINO", "Imaging", "TensorStore",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),

        .target(
            name: "TestSupport", dependencies: ["TensorStore", "Imaging"], path: "Tests/TestSupport", swiftSettings: settings),
        tests(of: "TensorStore"),
        tests(of: "Encryption", ["TensorStore"]),
        tests(of: "OpenVINO"),
        tests(of: "ModelGraph", ["OpenVINO"]),
        tests(of: "Inference"),
        tests(of: "Architectures", ["Inference", "ModelLoading"]),
        tests(of: "Tokenizers"),
        tests(of: "Adapters", ["OpenVINO", "Architectures", "Inference", "ModelLoading"]),
        tests(of: "Hub", ["TensorStore", "CCurl", "CZlib"]),
        tests(of: "ModelLoading", ["Inference"]),
        tests(of: "Quantization", ["OpenVINO", "Architectures"]),
        tests(of: "Imaging", ["TensorStore"]),
        tests(of: "Audio", ["TensorStore"]),
        tests(
            of: "Evaluation",
            ["Architectures", "ModelGraph", "Inference", "OpenVINO", "Imaging", "TensorStore", "Tokenizers"]),
        tests(of: "Benchmarking", ["Imaging", "OpenVINO", "TensorStore"]),
        tests(of: "Diffusion", ["ModelGraph", "OpenVINO", "Inference", "ModelLoading", "Encryption", "TensorStore"]),
        tests(of: "Speech", ["Tokenizers", "TensorStore", "Architectures", "Audio", "ModelGraph", "ModelLoading", "Hub"]),
        tests(
            of: "Workflows",
            [
                "Diffusion", "Hub", "Imaging", "Inference", "OpenVINO", "TensorStore", "ModelLoading", "Audio", "Evaluation",
                "Speech", "Tokenizers",
            ]),
        // Reads the project's sources and documents.
        .testTarget(name: "ProjectTests", dependencies: ["TestSupport"], swiftSettings: settings),
        // These run the built program, and so import nothing of it.
        .testTarget(name: "CommandLineTests", dependencies: ["TestSupport", "Imaging", "TensorStore"], swiftSettings: settings),
    ],
    cxxLanguageStandard: .cxx17
)

// `GLINT_FUZZ=1 swift build --sanitize fuzzer --product fuzz-parsers`: see Scripts/test-extra.
if Context.environment["GLINT_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "fuzz-parsers",
            dependencies: ["TensorStore", "Encryption", "ModelGraph", "Imaging", "Audio", "Tokenizers", "Adapters"],
            path: "Tests/Fuzz/Parsers", swiftSettings: settings))
}
