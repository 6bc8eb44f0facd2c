#!/bin/sh
#
# Variables that every container has are set in this file.
