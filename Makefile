.PHONY: help setup build test test-extra dist deb test-dist bench format lint

help: ## list of targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

setup: ## Debian packages, OpenVINO and the release binary
	@./glint setup

build: setup ## same as setup; quick if nothing changed

test: ## set up, build and run every test that needs no more than that
	@Scripts/swift build --build-tests
	@Scripts/swift test --skip-build --disable-xctest

test-extra: ## install further programs, and run the tests that need them
	@Scripts/test-extra

dist: ## a folder and a .tar.xz that run without Swift, Python and OpenVINO
	@Scripts/dist tar

deb: ## a Debian package
	@Scripts/dist deb

test-dist: ## run what dist and deb made in a bare Debian (root)
	@Scripts/test-dist

bench: ## time every stage of the pipeline
	@./glint bench pipeline

format: ## format the Swift sources in place
	@swift format --in-place --recursive --parallel Sources Tests Package.swift

lint: ## report changes that format would make
	@swift format lint --strict --recursive --parallel Sources Tests Package.swift
