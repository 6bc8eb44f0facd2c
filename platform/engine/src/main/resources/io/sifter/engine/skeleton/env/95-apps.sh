#!/bin/sh
#
# Enters the app that SINGULARITY_APPNAME selects.

if [ -n "${SINGULARITY_APPNAME:-}" ]; then
    if [ -d "/scif/apps/${SINGULARITY_APPNAME}/" ]; then
        SCIF_APPS="/scif/apps"
        SCIF_APPROOT="/scif/apps/${SINGULARITY_APPNAME}"
        export SCIF_APPS SCIF_APPROOT
        PATH="/scif/apps/${SINGULARITY_APPNAME}:$PATH"

        if [ -d "/scif/apps/${SINGULARITY_APPNAME}/bin" ]; then
            PATH="/scif/apps/${SINGULARITY_APPNAME}/bin:$PATH"
        fi
        if [ -d "/scif/apps/${SINGULARITY_APPNAME}/lib" ]; then
            LD_LIBRARY_PATH="/scif/apps/${SINGULARITY_APPNAME}/lib:${LD_LIBRARY_PATH:-}"
            export LD_LIBRARY_PATH
        fi
        if [ -f "/scif/apps/${SINGULARITY_APPNAME}/scif/env/01-base.sh" ]; then
            . "/scif/apps/${SINGULARITY_APPNAME}/scif/env/01-base.sh"
        fi
        if [ -f "/scif/apps/${SINGULARITY_APPNAME}/scif/env/90-environment.sh" ]; then
            . "/scif/apps/${SINGULARITY_APPNAME}/scif/env/90-environment.sh"
        fi
        export PATH
    else
        echo "Could not locate the container application: ${SINGULARITY_APPNAME}"
        exit 1
    fi
fi
