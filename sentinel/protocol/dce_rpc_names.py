"""Names of DCE-RPC interfaces and their operations, from the interface definitions of Microsoft's MS-* documents.

Spelt as Zeek spells them (`CreateServiceW`, not `RCreateServiceW`), so that public rules fit.
"""

from __future__ import annotations

from typing import Final

__all__ = ["INTERFACES", "PIPE_INTERFACES", "Interface", "interface_of", "operation_name"]

Interface = tuple[str, dict[int, str]]
"""(name of the interface, its operations by number)."""

_TEXT: Final = """
367abb81-9844-35f1-ad32-98f038001003 svcctl
  CloseServiceHandle ControlService DeleteService LockServiceDatabase QueryServiceObjectSecurity
  SetServiceObjectSecurity QueryServiceStatus SetServiceStatus UnlockServiceDatabase
  NotifyBootConfigStatus ScSetServiceBitsW ChangeServiceConfigW CreateServiceW EnumDependentServicesW
  EnumServicesStatusW OpenSCManagerW OpenServiceW QueryServiceConfigW QueryServiceLockStatusW
  StartServiceW GetServiceDisplayNameW GetServiceKeyNameW ScSetServiceBitsA ChangeServiceConfigA
  CreateServiceA EnumDependentServicesA EnumServicesStatusA OpenSCManagerA OpenServiceA
  QueryServiceConfigA QueryServiceLockStatusA StartServiceA GetServiceDisplayNameA GetServiceKeyNameA
  ScGetCurrentGroupStateW EnumServiceGroupW ChangeServiceConfig2A ChangeServiceConfig2W
  QueryServiceConfig2A QueryServiceConfig2W QueryServiceStatusEx EnumServicesStatusExA
  EnumServicesStatusExW ScSendTSMessage CreateServiceWOW64A CreateServiceWOW64W ScQueryServiceTagInfo
  NotifyServiceStatusChange GetNotifyResults CloseNotifyHandle ControlServiceExA ControlServiceExW
  ScSendPnPMessage ScValidatePnPService ScOpenServiceStatusHandle 56:QueryServiceConfigEx
  60:CreateWowService 64:OpenSCManager2
86d35949-83c9-4044-b424-db363231fd0c ITaskSchedulerService
  SchRpcHighestVersion SchRpcRegisterTask SchRpcRetrieveTask SchRpcCreateFolder SchRpcSetSecurity
  SchRpcGetSecurity SchRpcEnumFolder SchRpcEnumTasks SchRpcEnumInstances SchRpcGetInstanceInfo
  SchRpcStopInstance SchRpcStop SchRpcRun SchRpcDelete SchRpcRename SchRpcScheduledRuntimes
  SchRpcGetLastRunInfo SchRpcGetTaskInfo SchRpcGetNumberOfMissedRuns SchRpcEnableTask
378e52b0-c0a9-11cf-822d-00aa0051e40f sasec
  SASetAccountInformation SASetNSAccountInformation SAGetNSAccountInformation SAGetAccountInformation
1ff70682-0a51-30e8-076d-740be8cee98b atsvc
  NetrJobAdd NetrJobDel NetrJobEnum NetrJobGetInfo
0a74ef1c-41a4-4e06-83ae-dc74fb1cdd53 idletask
  ItSrvRegisterIdleTask ItSrvUnregisterIdleTask ItSrvProcessIdleTasks ItSrvSetDetectionParameters
12345778-1234-abcd-ef00-0123456789ac samr
  SamrConnect SamrCloseHandle SamrSetSecurityObject SamrQuerySecurityObject 5:SamrLookupDomainInSamServer
  SamrEnumerateDomainsInSamServer SamrOpenDomain SamrQueryInformationDomain SamrSetInformationDomain
  SamrCreateGroupInDomain SamrEnumerateGroupsInDomain SamrCreateUserInDomain SamrEnumerateUsersInDomain
  SamrCreateAliasInDomain SamrEnumerateAliasesInDomain SamrGetAliasMembership SamrLookupNamesInDomain
  SamrLookupIdsInDomain SamrOpenGroup SamrQueryInformationGroup SamrSetInformationGroup
  SamrAddMemberToGroup SamrDeleteGroup SamrRemoveMemberFromGroup SamrGetMembersInGroup
  SamrSetMemberAttributesOfGroup SamrOpenAlias SamrQueryInformationAlias SamrSetInformationAlias
  SamrDeleteAlias SamrAddMemberToAlias SamrRemoveMemberFromAlias SamrGetMembersInAlias SamrOpenUser
  SamrDeleteUser SamrQueryInformationUser SamrSetInformationUser SamrChangePasswordUser
  SamrGetGroupsForUser SamrQueryDisplayInformation SamrGetDisplayEnumerationIndex
  44:SamrGetUserDomainPasswordInformation SamrRemoveMemberFromForeignDomain SamrQueryInformationDomain2
  SamrQueryInformationUser2 SamrQueryDisplayInformation2 SamrGetDisplayEnumerationIndex2
  SamrCreateUser2InDomain SamrQueryDisplayInformation3 SamrAddMultipleMembersToAlias
  SamrRemoveMultipleMembersFromAlias SamrOemChangePasswordUser2 SamrUnicodeChangePasswordUser2
  SamrGetDomainPasswordInformation SamrConnect2 SamrSetInformationUser2 62:SamrConnect4 64:SamrConnect5
  SamrRidToSid SamrSetDSRMPassword SamrValidatePassword
12345778-1234-abcd-ef00-0123456789ab lsarpc
  LsarClose LsarDelete LsarEnumeratePrivileges LsarQuerySecurityObject LsarSetSecurityObject
  LsarChangePassword LsarOpenPolicy LsarQueryInformationPolicy LsarSetInformationPolicy LsarClearAuditLog
  LsarCreateAccount LsarEnumerateAccounts LsarCreateTrustedDomain LsarEnumerateTrustedDomains
  LsarLookupNames LsarLookupSids LsarCreateSecret LsarOpenAccount LsarEnumeratePrivilegesAccount
  LsarAddPrivilegesToAccount LsarRemovePrivilegesFromAccount LsarGetQuotasForAccount
  LsarSetQuotasForAccount LsarGetSystemAccessAccount LsarSetSystemAccessAccount LsarOpenTrustedDomain
  LsarQueryInfoTrustedDomain LsarSetInformationTrustedDomain LsarOpenSecret LsarSetSecret LsarQuerySecret
  LsarLookupPrivilegeValue LsarLookupPrivilegeName LsarLookupPrivilegeDisplayName LsarDeleteObject
  LsarEnumerateAccountsWithUserRight LsarEnumerateAccountRights LsarAddAccountRights
  LsarRemoveAccountRights LsarQueryTrustedDomainInfo LsarSetTrustedDomainInfo LsarDeleteTrustedDomain
  LsarStorePrivateData LsarRetrievePrivateData LsarOpenPolicy2 LsarGetUserName LsarQueryInformationPolicy2
  LsarSetInformationPolicy2 LsarQueryTrustedDomainInfoByName LsarSetTrustedDomainInfoByName
  LsarEnumerateTrustedDomainsEx LsarCreateTrustedDomainEx 53:LsarQueryDomainInformationPolicy
  LsarSetDomainInformationPolicy LsarOpenTrustedDomainByName 57:LsarLookupSids2 LsarLookupNames2
  LsarCreateTrustedDomainEx2 68:LsarLookupNames3 73:LsarQueryForestTrustInformation
  LsarSetForestTrustInformation 76:LsarLookupSids3 LsarLookupNames4
12345678-1234-abcd-ef00-01234567cffb netlogon
  NetrLogonUasLogon NetrLogonUasLogoff NetrLogonSamLogon NetrLogonSamLogoff NetrServerReqChallenge
  NetrServerAuthenticate NetrServerPasswordSet NetrDatabaseDeltas NetrDatabaseSync NetrAccountDeltas
  NetrAccountSync NetrGetDCName NetrLogonControl NetrGetAnyDCName NetrLogonControl2
  NetrServerAuthenticate2 NetrDatabaseSync2 NetrDatabaseRedo NetrLogonControl2Ex
  NetrEnumerateTrustedDomains DsrGetDcName NetrLogonGetCapabilities NetrLogonSetServiceBits
  NetrLogonGetTrustRid NetrLogonComputeServerDigest NetrLogonComputeClientDigest NetrServerAuthenticate3
  DsrGetDcNameEx DsrGetSiteName NetrLogonGetDomainInfo NetrServerPasswordSet2 NetrServerPasswordGet
  NetrLogonSendToSam DsrAddressToSiteNamesW DsrGetDcNameEx2 NetrLogonGetTimeServiceParentDomain
  NetrEnumerateTrustedDomainsEx DsrAddressToSiteNamesExW DsrGetDcSiteCoverageW NetrLogonSamLogonEx
  DsrEnumerateDomainTrusts DsrDeregisterDnsHostRecords NetrServerTrustPasswordsGet
  DsrGetForestTrustInformation NetrGetForestTrustInformation NetrLogonSamLogonWithFlags
  NetrServerGetTrustInfo 48:DsrUpdateReadOnlyServerDnsRecords NetrChainSetClientAttributes
e3514235-4b06-11d1-ab04-00c04fc2dcd2 drsuapi
  DRSBind DRSUnbind DRSReplicaSync DRSGetNCChanges DRSUpdateRefs DRSReplicaAdd DRSReplicaDel
  DRSReplicaModify DRSVerifyNames DRSGetMemberships DRSInterDomainMove DRSGetNT4ChangeLog DRSCrackNames
  DRSWriteSPN DRSRemoveDsServer DRSRemoveDsDomain DRSDomainControllerInfo DRSAddEntry DRSExecuteKCC
  DRSGetReplInfo DRSAddSidHistory DRSGetMemberships2 DRSReplicaVerifyObjects DRSGetObjectExistence
  DRSQuerySitesByCost DRSInitDemotion DRSReplicaDemotion DRSFinishDemotion DRSAddCloneDC DRSWriteNgcKey
  DRSReadNgcKey
3919286a-b10c-11d0-9ba8-00c04fd92ef5 dssetup
  DsRolerGetPrimaryDomainInformation
4b324fc8-1670-01d3-1278-5a47bf6ee188 srvsvc
  NetrCharDevEnum NetrCharDevGetInfo NetrCharDevControl NetrCharDevQEnum NetrCharDevQGetInfo
  NetrCharDevQSetInfo NetrCharDevQPurge NetrCharDevQPurgeSelf NetrConnectionEnum NetrFileEnum
  NetrFileGetInfo NetrFileClose NetrSessionEnum NetrSessionDel NetrShareAdd NetrShareEnum NetrShareGetInfo
  NetrShareSetInfo NetrShareDel NetrShareDelSticky NetrShareCheck NetrServerGetInfo NetrServerSetInfo
  NetrServerDiskEnum NetrServerStatisticsGet NetrServerTransportAdd NetrServerTransportEnum
  NetrServerTransportDel NetrRemoteTOD NetrServerSetServiceBits NetprPathType NetprPathCanonicalize
  NetprPathCompare NetprNameValidate NetprNameCanonicalize NetprNameCompare NetrShareEnumSticky
  NetrShareDelStart NetrShareDelCommit NetrpGetFileSecurity NetrpSetFileSecurity NetrServerTransportAddEx
  43:NetrDfsGetVersion NetrDfsCreateLocalPartition NetrDfsDeleteLocalPartition NetrDfsSetLocalVolumeState
  48:NetrDfsCreateExitPoint NetrDfsDeleteExitPoint NetrDfsModifyPrefix NetrDfsFixLocalVolume
  NetrDfsManagerReportSiteInfo NetrServerTransportDelEx NetrServerAliasAdd NetrServerAliasEnum
  NetrServerAliasDel NetrShareDelEx
6bffd098-a112-3610-9833-46c3f87e345a wkssvc
  NetrWkstaGetInfo NetrWkstaSetInfo NetrWkstaUserEnum 5:NetrWkstaTransportEnum NetrWkstaTransportAdd
  8:NetrUseAdd NetrUseGetInfo NetrUseDel NetrUseEnum 13:NetrWorkstationStatisticsGet
  20:NetrGetJoinInformation 22:NetrJoinDomain2 NetrUnjoinDomain2 NetrRenameMachineInDomain2
  NetrValidateName2 NetrGetJoinableOUs2 NetrAddAlternateComputerName NetrRemoveAlternateComputerName
  NetrSetPrimaryComputerName NetrEnumerateComputerNames
338cd001-2244-31f1-aaaa-900038001003 winreg
  OpenClassesRoot OpenCurrentUser OpenLocalMachine OpenPerformanceData OpenUsers BaseRegCloseKey
  BaseRegCreateKey BaseRegDeleteKey BaseRegDeleteValue BaseRegEnumKey BaseRegEnumValue BaseRegFlushKey
  BaseRegGetKeySecurity BaseRegLoadKey BaseRegNotifyChangeKeyValue BaseRegOpenKey BaseRegQueryInfoKey
  BaseRegQueryValue BaseRegReplaceKey BaseRegRestoreKey BaseRegSaveKey BaseRegSetKeySecurity
  BaseRegSetValue BaseRegUnLoadKey BaseInitiateSystemShutdown BaseAbortSystemShutdown BaseRegGetVersion
  OpenCurrentConfig 29:BaseRegQueryMultipleValues BaseInitiateSystemShutdownEx BaseRegSaveKeyEx
  OpenPerformanceText OpenPerformanceNlsText BaseRegQueryMultipleValues2 BaseRegDeleteKeyEx
82273fdc-e32a-18c3-3f78-827929dc23ea eventlog
  ElfrClearELFW ElfrBackupELFW ElfrCloseEL ElfrDeregisterEventSource ElfrNumberOfRecords ElfrOldestRecord
  ElfrChangeNotify ElfrOpenELW ElfrRegisterEventSourceW ElfrOpenBELW ElfrReadELW ElfrReportEventW
  ElfrClearELFA ElfrBackupELFA ElfrOpenELA ElfrRegisterEventSourceA ElfrOpenBELA ElfrReadELA
  ElfrReportEventA 22:ElfrGetLogInformation 24:ElfrReportEventAndSourceW ElfrReportEventExW
  ElfrReportEventExA
f6beaff7-1e19-4fbb-9f8f-b89e2018337c IEventService
  EvtRpcRegisterRemoteSubscription 2:EvtRpcRemoteSubscriptionNext 4:EvtRpcRegisterControllableOperation
  EvtRpcRegisterLogQuery EvtRpcClearLog EvtRpcExportLog 11:EvtRpcQueryNext EvtRpcQuerySeek EvtRpcClose
  17:EvtRpcOpenLogHandle 19:EvtRpcGetChannelList
12345678-1234-abcd-ef00-0123456789ab spoolss
  RpcEnumPrinters RpcOpenPrinter RpcSetJob RpcGetJob RpcEnumJobs RpcAddPrinter RpcDeletePrinter
  RpcSetPrinter RpcGetPrinter RpcAddPrinterDriver RpcEnumPrinterDrivers RpcGetPrinterDriver
  RpcGetPrinterDriverDirectory RpcDeletePrinterDriver RpcAddPrintProcessor RpcEnumPrintProcessors
  RpcGetPrintProcessorDirectory RpcStartDocPrinter RpcStartPagePrinter RpcWritePrinter RpcEndPagePrinter
  RpcAbortPrinter RpcReadPrinter RpcEndDocPrinter RpcAddJob RpcScheduleJob RpcGetPrinterData
  RpcSetPrinterData RpcWaitForPrinterChange RpcClosePrinter RpcAddForm RpcDeleteForm RpcGetForm RpcSetForm
  RpcEnumForms RpcEnumPorts RpcEnumMonitors RpcAddPort RpcConfigurePort RpcDeletePort RpcCreatePrinterIC
  RpcPlayGdiScriptOnPrinterIC RpcDeletePrinterIC RpcAddPrinterConnection RpcDeletePrinterConnection
  RpcPrinterMessageBox RpcAddMonitor RpcDeleteMonitor RpcDeletePrintProcessor RpcAddPrintProvidor
  RpcDeletePrintProvidor RpcEnumPrintProcessorDatatypes RpcResetPrinter RpcGetPrinterDriver2
  56:RpcFindClosePrinterChangeNotification 58:RpcReplyOpenPrinter RpcRouterReplyPrinter
  RpcReplyClosePrinter RpcAddPortEx RpcRemoteFindFirstPrinterChangeNotification
  65:RpcRemoteFindFirstPrinterChangeNotificationEx RpcRouterReplyPrinterEx
  RpcRouterRefreshPrinterChangeNotification 69:RpcOpenPrinterEx RpcAddPrinterEx RpcSetPort
  RpcEnumPrinterData RpcDeletePrinterData 77:RpcSetPrinterDataEx RpcGetPrinterDataEx RpcEnumPrinterDataEx
  RpcEnumPrinterKey RpcDeletePrinterDataEx RpcDeletePrinterKey 84:RpcDeletePrinterDriverEx
  RpcAddPerMachineConnection RpcDeletePerMachineConnection RpcEnumPerMachineConnections RpcXcvData
  RpcAddPrinterDriverEx 95:RpcSendRecvBidiData 99:RpcInstallPrinterDriverFromPackage
  RpcUploadPrinterDriverPackage RpcGetCorePrinterDrivers RpcCorePrinterDriverInstalled
  RpcGetPrinterDriverPackagePath RpcReportJobProcessingProgress
76f03f96-cdfd-44fc-a22c-64950a001209 IRemoteWinspool
  RpcAsyncOpenPrinter RpcAsyncAddPrinter RpcAsyncSetJob RpcAsyncGetJob RpcAsyncEnumJobs RpcAsyncAddJob
  RpcAsyncScheduleJob RpcAsyncDeletePrinter RpcAsyncSetPrinter RpcAsyncGetPrinter RpcAsyncStartDocPrinter
  RpcAsyncStartPagePrinter RpcAsyncWritePrinter RpcAsyncEndPagePrinter RpcAsyncEndDocPrinter
  RpcAsyncAbortPrinter RpcAsyncGetPrinterData RpcAsyncGetPrinterDataEx RpcAsyncSetPrinterData
  RpcAsyncSetPrinterDataEx RpcAsyncClosePrinter RpcAsyncAddForm RpcAsyncDeleteForm RpcAsyncGetForm
  RpcAsyncSetForm RpcAsyncEnumForms RpcAsyncGetPrinterDriver RpcAsyncEnumPrinterData
  RpcAsyncEnumPrinterDataEx RpcAsyncEnumPrinterKey RpcAsyncDeletePrinterData RpcAsyncDeletePrinterDataEx
  RpcAsyncDeletePrinterKey RpcAsyncXcvData RpcAsyncSendRecvBidiData RpcAsyncCreatePrinterIC
  RpcAsyncPlayGdiScriptOnPrinterIC RpcAsyncDeletePrinterIC RpcAsyncEnumPrinters RpcAsyncAddPrinterDriver
  RpcAsyncEnumPrinterDrivers RpcAsyncGetPrinterDriverDirectory RpcAsyncDeletePrinterDriver
  RpcAsyncDeletePrinterDriverEx RpcAsyncAddPrintProcessor RpcAsyncEnumPrintProcessors
  RpcAsyncGetPrintProcessorDirectory RpcAsyncEnumPorts RpcAsyncEnumMonitors RpcAsyncAddPort
  RpcAsyncSetPort RpcAsyncAddMonitor RpcAsyncDeleteMonitor RpcAsyncDeletePrintProcessor
  RpcAsyncEnumPrintProcessorDatatypes RpcAsyncAddPerMachineConnection RpcAsyncDeletePerMachineConnection
  RpcAsyncEnumPerMachineConnections RpcSyncRegisterForRemoteNotifications
  RpcSyncUnRegisterForRemoteNotifications RpcSyncRefreshRemoteNotifications RpcAsyncGetRemoteNotifications
  RpcAsyncInstallPrinterDriverFromPackage RpcAsyncUploadPrinterDriverPackage RpcAsyncGetCorePrinterDrivers
  RpcAsyncCorePrinterDriverInstalled RpcAsyncGetPrinterDriverPackagePath
  RpcAsyncDeletePrinterDriverPackage RpcAsyncReadPrinter RpcAsyncResetPrinter
  RpcAsyncGetJobNamedPropertyValue RpcAsyncSetJobNamedProperty RpcAsyncDeleteJobNamedProperty
  RpcAsyncEnumJobNamedProperties RpcAsyncLogJobInfoForBranchOffice
c681d488-d850-11d0-8c52-00c04fd90f7e efsrpc
  EfsRpcOpenFileRaw EfsRpcReadFileRaw EfsRpcWriteFileRaw EfsRpcCloseRaw EfsRpcEncryptFileSrv
  EfsRpcDecryptFileSrv EfsRpcQueryUsersOnFile EfsRpcQueryRecoveryAgents EfsRpcRemoveUsersFromFile
  EfsRpcAddUsersToFile EfsRpcSetFileEncryptionKey EfsRpcNotSupported EfsRpcFileKeyInfo
  EfsRpcDuplicateEncryptionInfoFile 15:EfsRpcAddUsersToFileEx EfsRpcFileKeyInfoEx
  18:EfsRpcGetEncryptedFileMetadata EfsRpcSetEncryptedFileMetadata EfsRpcFlushEfsCache
  EfsRpcEncryptFileExSrv EfsRpcQueryProtectors
df1941c5-fe89-4e79-bf10-463657acf44d efsrpc
  EfsRpcOpenFileRaw EfsRpcReadFileRaw EfsRpcWriteFileRaw EfsRpcCloseRaw EfsRpcEncryptFileSrv
  EfsRpcDecryptFileSrv EfsRpcQueryUsersOnFile EfsRpcQueryRecoveryAgents EfsRpcRemoveUsersFromFile
  EfsRpcAddUsersToFile EfsRpcSetFileEncryptionKey EfsRpcNotSupported EfsRpcFileKeyInfo
  EfsRpcDuplicateEncryptionInfoFile 15:EfsRpcAddUsersToFileEx EfsRpcFileKeyInfoEx
  18:EfsRpcGetEncryptedFileMetadata EfsRpcSetEncryptedFileMetadata EfsRpcFlushEfsCache
  EfsRpcEncryptFileExSrv EfsRpcQueryProtectors
4fc742e0-4a10-11cf-8273-00aa004ae673 netdfs
  NetrDfsManagerGetVersion NetrDfsAdd NetrDfsRemove NetrDfsSetInfo NetrDfsGetInfo NetrDfsEnum NetrDfsMove
  10:NetrDfsAddFtRoot NetrDfsRemoveFtRoot NetrDfsAddStdRoot NetrDfsRemoveStdRoot NetrDfsManagerInitialize
  NetrDfsAddStdRootForced NetrDfsGetDcAddress NetrDfsSetDcAddress NetrDfsFlushFtTable NetrDfsAdd2
  NetrDfsRemove2 NetrDfsEnumEx NetrDfsSetInfo2
a8e0653c-2744-4389-a61d-7373df8b2292 FileServerVssAgent
  GetSupportedVersion SetContext StartShadowCopySet AddToShadowCopySet CommitShadowCopySet
  ExposeShadowCopySet RecoveryCompleteShadowCopySet AbortShadowCopySet IsPathSupported IsPathShadowCopied
  GetShareMapping DeleteShareMapping PrepareShadowCopySet
3dde7c30-165d-11d1-ab8f-00805f14db40 BackupKey
  BackuprKey
12b81e99-f207-4a4c-85d3-77b42f76fd14 ISeclogon
  SeclCreateProcessWithLogonW SeclCreateProcessWithLogonExW
91ae6020-9e3c-11cf-8d7c-00aa00c091be ICertPassage
  CertServerRequest
50abc2a4-574d-40b3-9d66-ee4fd5fba076 dnsserver
  DnssrvOperation DnssrvQuery DnssrvComplexOperation DnssrvEnumRecords DnssrvUpdateRecord DnssrvOperation2
  DnssrvQuery2 DnssrvComplexOperation2 DnssrvEnumRecords2 DnssrvUpdateRecord2
6bffd098-a112-3610-9833-46c3f874532d dhcpsrv
  DhcpEnumSubnetClientsV5 2:DhcpGetSubnetInfo DhcpEnumSubnets 13:DhcpGetOptionValue DhcpEnumOptionValues
  21:DhcpGetOptionValueV5 DhcpEnumOptionValuesV5 30:DhcpGetAllOptionValues 34:DhcpGetClientInfoV4
  DhcpEnumSubnetClientsV4 38:DhcpEnumSubnetElementsV5 47:DhcpEnumSubnetClientsVQ 123:DhcpV4GetClientInfo
f5cc59b4-4264-101a-8c59-08002b2f8426 FrsRpc
  FrsRpcSendCommPkt FrsRpcVerifyPromotionParent FrsRpcStartPromotionParent FrsNOP
  10:FrsRpcVerifyPromotionParentEx
894de0c0-0d55-11d3-a322-00c04fa321a1 InitShutdown
  BaseInitiateShutdown BaseAbortShutdown BaseInitiateShutdownEx
d95afe70-a6d5-4259-822e-2c84da1ddb0d WindowsShutdown
  WsdrInitiateShutdown WsdrAbortShutdown
e1af8308-5d1f-11c9-91a4-08002b14a0fa epmapper
  ept_insert ept_delete ept_lookup ept_map ept_lookup_handle_free ept_inq_object ept_mgmt_delete
afa8bd80-7d8a-11c9-bef4-08002b102989 mgmt
  inq_if_ids inq_stats is_server_listening stop_server_listening inq_princ_name
99fcfec4-5260-101b-bbcb-00aa0021347a IObjectExporter
  ResolveOxid SimplePing ComplexPing ServerAlive ResolveOxid2 ServerAlive2
4d9f4ab8-7d1c-11cf-861e-0020af6e7c57 IActivation
  RemoteActivation
000001a0-0000-0000-c000-000000000046 IRemoteSCMActivator
  QueryInterfaceIRemoteSCMActivator AddRefIRemoteISCMActivator ReleaseIRemoteISCMActivator
  RemoteGetClassObject RemoteCreateInstance
00000131-0000-0000-c000-000000000046 IRemUnknown
  QueryInterface AddRef Release RemQueryInterface RemAddRef RemRelease
00000143-0000-0000-c000-000000000046 IRemUnknown2
  QueryInterface AddRef Release RemQueryInterface RemAddRef RemRelease RemQueryInterface2
00020400-0000-0000-c000-000000000046 IDispatch
  3:GetTypeInfoCount GetTypeInfo GetIDsOfNames Invoke
9556dc99-828c-11cf-a37e-00aa003240c7 IWbemServices
  3:OpenNamespace CancelAsyncCall QueryObjectSink GetObject GetObjectAsync PutClass PutClassAsync
  DeleteClass DeleteClassAsync CreateClassEnum CreateClassEnumAsync PutInstance PutInstanceAsync
  DeleteInstance DeleteInstanceAsync CreateInstanceEnum CreateInstanceEnumAsync ExecQuery ExecQueryAsync
  ExecNotificationQuery ExecNotificationQueryAsync ExecMethod ExecMethodAsync
f309ad18-d86a-11d0-a075-00c04fb68820 IWbemLevel1Login
  3:EstablishPosition RequestChallenge WBEMLogin NTLMLogin
d4781cd6-e5d3-44df-ad94-930efe48a887 IWbemLoginClientID
  3:SetClientInfo
9f6c78ef-fce5-42fa-abea-3e7df91921dc IWbemLoginClientIDEx
  3:SetClientInfoEx
027947e1-d731-11ce-a357-000000000001 IEnumWbemClassObject
  3:Reset Next NextAsync Clone Skip
423ec01e-2e35-11d2-b604-00104b703efd IWbemWCOSmartEnum
  3:Next
1c1c45ee-4395-11d2-b60b-00104b703efd IWbemFetchSmartEnum
  3:GetSmartEnum
44aca674-e8fc-11d0-a07c-00c04fb68820 IWbemContext
dc12a681-737f-11cf-884d-00aa004b2e24 IWbemClassObject
7c857801-7381-11cf-884d-00aa004b2e24 IWbemObjectSink
44aca675-e8fc-11d0-a07c-00c04fb68820 IWbemCallResult
c49e32c7-bc8b-11d2-85d4-00105a1f8304 IWbemBackupRestore
a359dec5-e813-4834-8a2a-ba7f1d777d76 IWbemBackupRestoreEx
f1e9c5b2-f59b-11d2-b362-00105a1f8177 IWbemRemoteRefresher
2c9273e0-1dc3-11d3-b364-00105a1f8177 IWbemRefreshingServices
541679ab-2e5f-11d3-b34e-00104bcc4b4a IWbemLoginHelper
f5cc5a18-4264-101a-8c59-08002b2f8426 nspi
  NspiBind NspiUnbind NspiUpdateStat NspiQueryRows NspiSeekEntries NspiGetMatches NspiResortRestriction
  NspiDNToEph NspiGetPropList NspiGetProps NspiCompareDNTs NspiModProps NspiGetHierarchyInfo
  NspiGetTemplateInfo NspiModLinkAtt NspiDeleteEntries NspiQueryColumns 19:NspiResolveNames
  NspiResolveNamesW
1544f5e0-613c-11d1-93df-00c04fd7bd09 exchange_rfr
a4f1db00-ca47-1067-b31f-00dd010662da exchange_mapi
5261574a-4572-206e-b268-6b199213b4e4 AsyncEMSMDB
906b0ce0-c70b-1067-b317-00dd010662da IXnRemote
ae33069b-a2a8-46ee-a235-ddfd339be281 IRPCRemoteObject
0b6edbfa-4a24-4fc6-8a23-942b1eca65d1 IRPCAsyncNotify
45f52c28-7f9f-101a-b52b-08002b2efabe winspipe
51c82175-844e-4750-b0d8-ec255555bc06 KMS
3faf4738-3a21-4307-b46c-fdda9bb8c0d5 AudioSrv
c386ca3e-9061-4a72-821e-498d83be188f AudioRpc
6bffd098-a112-3610-9833-012892020162 browser
c8cb7687-e6d3-11d2-a958-00c04f682e16 davrpc
3d267954-eeb7-11d1-b94e-00c04fa3080d HydraLsPipe
8d0ffe72-d252-11d0-bf8f-00c04fd9126b IKeySvc
68b58241-c259-4f03-a2e5-a2651dcbc930 IKeySvc2
0d72a7d4-6148-11d1-b4aa-00c04fb66ea0 ICertProtect
f50aac00-c7f3-428e-a022-a6b71bfb9d43 ICatDBSvc
3c4728c5-f0ab-448b-bda1-6ce01eb0a6d5 RpcSrvDHCPC
3c4728c5-f0ab-448b-bda1-6ce01eb0a6d6 dhcpcsvc6
2f59a331-bf7d-48cb-9ec5-7c090d76e8b8 lcrpc
5ca4a760-ebb1-11cf-8611-00a0245420ed winstation_rpc
d6d70ef0-0e3b-11cb-acc3-08002b1d29c3 NsiS
d3fbb514-0e3b-11cb-8fad-08002b1d29c3 NsiC
d6d70ef0-0e3b-11cb-acc3-08002b1d29c4 NsiM
17fdd703-1827-4e34-79d4-24a55c53bb37 msgsvc
5a7b91f8-ff00-11d0-a9b2-00c04fb6e6fc msgsvcsend
8d9f4e40-a03d-11ce-8f69-08003e30051b pnp
57674cd0-5200-11ce-a897-08002b2e9c6d lls_license
342cfd40-3c6c-11ce-a893-08002b2e9c6d llsrpc
83da7c00-e84f-11d2-9807-00c04f8ec850 sfcapi
2f5f3220-c126-1076-b549-074d078619da nddeapi
"""
"""One interface a paragraph: its UUID and name, then operations in order from 0; `12:` says which number follows."""


def _parse(text: str) -> dict[str, Interface]:
    found: dict[str, Interface] = {}
    operations: dict[int, str] = {}
    number = 0
    for line in text.split("\n"):
        if line.startswith(" "):
            for word in line.split():
                place, colon, name = word.partition(":")
                number, name = (int(place), name) if colon else (number, word)
                operations[number] = name
                number += 1
        elif line:
            uuid, _, name = line.partition(" ")
            operations, number = {}, 0
            found[uuid] = (name, operations)
    return found


INTERFACES: Final = _parse(_TEXT)
"""By UUID in text form."""

PIPE_INTERFACES: Final = {
    name: uuid
    for uuid, (name, _) in INTERFACES.items()
    if name in ("winreg", "spoolss", "srvsvc", "svcctl", "samr")
}
"""What is usually spoken over a pipe whose binding was not seen."""


def interface_of(uuid: str) -> Interface:
    """Name and operations of an interface; `unknown-<uuid>` where it is not known."""
    return INTERFACES.get(uuid) or (f"unknown-{uuid}", {})


def operation_name(interface: Interface, number: int) -> str:
    """Name of an operation, or `unknown-<number>`."""
    return interface[1].get(number) or f"unknown-{number}"
